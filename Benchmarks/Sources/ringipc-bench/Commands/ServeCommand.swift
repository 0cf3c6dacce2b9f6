internal import ArgumentParser
internal import RingIPC

extension Server.Mode: ExpressibleByArgument {}

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "A server for any outside client. Prints READY when it listens; ends on SIGTERM and SIGINT.",
        discussion: """
            echo answers each frame with itself. sink takes what comes and checks only the framing. source sends --count frames \
            of --size bytes to each client, then closes.
            """)

    @Option(help: ArgumentHelp("/absolute/path, @abstract-name or fd:N.", valueName: "addr"))
    var listen: String

    @Option(help: "What to do with clients.")
    var mode: Server.Mode

    @Option(help: ArgumentHelp("The longest payload that is accepted.", valueName: "bytes"))
    var maxFrame: Int?

    @Option(help: ArgumentHelp("How long a client's hello may take.", valueName: "s"))
    var helloTimeout: Double?

    @Option(help: ArgumentHelp("How long a frame may take from its first byte to its last.", valueName: "s"))
    var frameTimeout: Double?

    @Flag(help: "Tell on standard error how each connection ended: 'end', the process at its other end, 'finished' or the error's code.")
    var reportEnds = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...FrameFormat.largestFrameLength).contains(maxFrame ?? 1) else {
            throw ValidationError("--max-frame must be between 1 and \(FrameFormat.largestFrameLength)")
        }
        for (name, timeout) in [("hello", helloTimeout), ("frame", frameTimeout)] {
            guard (0...86_400).contains(timeout ?? 0) else { throw ValidationError("--\(name)-timeout must be between 0 and 86400") }
        }
        do { _ = try Endpoint(listen) } catch { throw ValidationError("--listen: \(error.detail)") }
        if let maxFrame, mode == .source, common.size > maxFrame {
            throw ValidationError("--size \(common.size) is more than --max-frame \(maxFrame)")
        }
    }

    func run() throws {
        if let pin = common.pin { try CPUSet.pin(to: pin.server) }
        var options = common.server
        options.maximumFrameLength = maxFrame
        options.helloTimeout = helloTimeout
        options.frameTimeout = frameTimeout
        let outcome = try Server(mode: mode, options: options, reportsEnds: reportEnds).run(Endpoint(listen), onReady: StandardOutput.ready)
        guard common.json else { return }
        var result = ScenarioResult(scenario: "serve")
        result.backend = options.backend.rawValue
        result.wait = options.wait.rawValue
        result.framing = options.framing.rawValue
        result.count = outcome.messages
        result.seconds = outcome.seconds
        result.takeServer(try outcome.report())
        StandardOutput.line(try JSONLine.encode(result))
    }
}
