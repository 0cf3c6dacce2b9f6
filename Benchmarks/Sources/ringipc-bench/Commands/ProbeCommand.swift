internal import ArgumentParser
internal import RingIPC

struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Round trips to an echo server that others use, too, at a steady pace.",
        discussion: """
            Prints READY when the first ones were answered, and times that count from when each message was due. Every answer is \
            verified. SIGTERM ends it early.
            """)

    @Option(help: ArgumentHelp("/absolute/path, @abstract-name or fd:N.", valueName: "addr"))
    var connect: String

    @Option(help: "How long to measure.")
    var seconds = 1.0

    @Option(help: ArgumentHelp("From one message to the next.", valueName: "microseconds"))
    var interval = 200

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must be more than 0 and at most 3600") }
        guard (1...1_000_000).contains(interval) else { throw ValidationError("--interval must be between 1 and 1000000") }
        do { _ = try Endpoint(connect) } catch { throw ValidationError("--connect: \(error.detail)") }
    }

    func run() throws {
        let options = common.scenario(defaultCount: 1) { _ in 100 }
        let outcome = try Probe(options: options, intervalNanoseconds: UInt64(interval) * 1000)
            .run(Endpoint(connect), seconds: seconds, onReady: StandardOutput.ready)
        var result = ScenarioResult(scenario: "probe")
        result.backend = options.backend.rawValue
        result.wait = options.wait.rawValue
        result.framing = options.framing.rawValue
        result.size = options.size
        result.count = outcome.count
        result.seconds = outcome.seconds
        result.roundTrip = outcome.times
        try ResultPrinter.printResults([result], json: common.json)
    }
}
