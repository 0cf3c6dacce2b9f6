import ArgumentParser

@testable import RingIPC
@testable import ringipc_bench

/// Any arguments of `serve` are either refused in one line, or within the documented ranges and the same when they are written out.
struct ServeCheck {
    private let isCanary: Bool

    init(isCanary: Bool = false) { self.isCanary = isCanary }

    /// What is wrong; `nil` when nothing is. Zero bytes separate the arguments in `input`: no argument can hold one.
    func failure(on input: UnsafeRawBufferPointer) -> String? {
        let arguments = unsafe input.split(separator: 0, omittingEmptySubsequences: false).map {
            unsafe String(decoding: $0, as: UTF8.self)
        }
        let command: ServeCommand
        do {
            command = try ServeCommand.parse(arguments)
        } catch {
            // Composing a message takes ten times as long as parsing; a part of the inputs, always the same, is enough.
            guard unsafe input.reduce(0, { $0 &* 31 &+ Int($1) }) & 63 == 0 else { return nil }
            return refusal(error).map { "\(arguments): \($0)" }
        }
        if let failure = outOfRange(command) { return "\(arguments): \(failure)" }
        return rewritten(command).map { "\(arguments): \($0)" }
    }

    private func refusal(_ error: any Error) -> String? {
        switch ServeCommand.exitCode(for: error) {
        case .success: return nil
        case .validationFailure:
            let message = ServeCommand.message(for: error).sentence
            return message.isEmpty || message.contains(where: \.isNewline) ? "refused with '\(message)', which is not one line" : nil
        case let code: return "refused with \(code)"
        }
    }

    private func outOfRange(_ command: ServeCommand) -> String? {
        let common = command.common
        if !(1...1 << 30).contains(common.size) { return "a size of \(common.size)" }
        if let count = common.count, count < 1 { return "a count of \(count)" }
        if let warmup = common.warmup, warmup < 0 { return "a warm-up of \(warmup)" }
        if let longest = command.maxFrame {
            if !(1...FrameFormat.largestFrameLength).contains(longest) { return "frames of up to \(longest) bytes" }
            if command.mode == .source && common.size > longest { return "frames of \(common.size) bytes over a limit of \(longest)" }
        }
        do {
            if let pin = common.pin { try CPUSet.current().check(pin) }
            _ = try Endpoint(command.listen)
            // Every combination that is taken can be served.
            var options = common.server
            options.maximumFrameLength = command.maxFrame
            try options.configuration.validate()
        } catch {
            return "\(error)"
        }
        return nil
    }

    private func rewritten(_ command: ServeCommand) -> String? {
        let common = command.common
        let listen = isCanary ? command.listen.lowercased() : command.listen
        var arguments = ["--listen=\(listen)", "--mode", command.mode.rawValue, "--size", "\(common.size)"]
        arguments += ["--framing", common.framing.rawValue, "--backend", common.backend.rawValue, "--wait", common.wait.rawValue]
        if let longest = command.maxFrame { arguments += ["--max-frame", "\(longest)"] }
        if let count = common.count { arguments += ["--count", "\(count)"] }
        if let warmup = common.warmup { arguments += ["--warmup", "\(warmup)"] }
        if let pin = common.pin { arguments += ["--pin", pin.argument] }
        if common.json { arguments.append("--json") }
        if common.countSystemCalls { arguments.append("--count-system-calls") }
        guard let again = try? ServeCommand.parse(arguments) else { return "refused when written as \(arguments)" }
        let isSame =
            again.listen == command.listen && again.mode == command.mode && again.maxFrame == command.maxFrame
            && again.common.server == common.server && again.common.pin == common.pin && again.common.json == common.json
        return isSame ? nil : "read differently when written as \(arguments)"
    }
}
