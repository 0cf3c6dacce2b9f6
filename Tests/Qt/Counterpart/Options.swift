import RingIPC

struct Options: Sendable {
    /// What the server does.
    enum Mode: String { case echo, sink, source, hold }
    /// How a client sends: one message at a time, all of them, two in one write, one byte at a time; or half of one, and then nothing.
    enum Style: String { case each, together, pairs, bytes, stall }

    let backend: BackendChoice
    let endpoint: Endpoint
    let plan: Plan
    var mode = Mode.echo
    var style = Style.each
    var fileMode: UInt32 = 0o600

    init?(_ words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count >= 4, let backend = BackendChoice(rawValue: words[0]), let endpoint = try? Endpoint(words[1]),
            let plan = Plan(words[2], words[3])
        else { return nil }
        self.backend = backend
        self.endpoint = endpoint
        self.plan = plan
        for word in words.dropFirst(4) {
            let pair = word.split(separator: "=").map(String.init)
            switch pair[0] {
            case "mode": mode = Mode(rawValue: pair[1])!
            case "style": style = Style(rawValue: pair[1])!
            case "file-mode": fileMode = UInt32(pair[1], radix: 8)!
            default: return nil
            }
        }
    }

    /// Who sends a part of a frame writes the stream itself.
    var writesStream: Bool { style == .bytes || style == .stall }

    var configuration: Configuration {
        var configuration = Configuration()
        configuration.backend = backend
        configuration.wait = .block
        configuration.format = writesStream ? .bytes : plan.form.format
        configuration.maximumFrameLength = plan.longest
        configuration.outboundLimit = 2 * plan.longest + 1 << 20
        configuration.spanningBudget = 2 * plan.longest + 1 << 20
        configuration.socketFileMode = fileMode
        return configuration
    }

    var checker: Checker { Checker(plan, hasFrames: configuration.format != .bytes) }
}
