internal import ArgumentParser

struct PingpongCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pingpong", abstract: "Round trips between two processes, one message in flight.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var load: PayloadOption

    func validate() throws { try load.check(common) }

    func run() throws {
        try common.run(ScenarioRun(scenario: .pingpong, options: load.applied(to: common.pingpong), cpus: common.cpus()))
    }
}

struct StreamCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream", abstract: "Back-to-back messages from one process to another, which checks every byte.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var load: PayloadOption

    func validate() throws {
        try load.check(common)
        guard load.payload != .description else { throw ValidationError("--payload description is for round trips: a stream is checked in full") }
    }

    func run() throws {
        try common.run(ScenarioRun(scenario: .stream, options: load.applied(to: common.stream), cpus: common.cpus()))
    }
}

struct PaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pace", abstract: "Round trips at a steady pace: latency, and how much of a CPU each side takes.",
        discussion: "Without --interval all of 10 µs to 10 ms are measured, and an idle time of 2 s after a busy one.")

    @Option(help: ArgumentHelp("From one message to the next, or 'idle'.", valueName: "microseconds"))
    var interval: PaceStep?

    @OptionGroup var common: CommonOptions

    func run() throws {
        let cpus = try common.cpus()
        let results = try (interval.map { [$0] } ?? PaceStep.all).map { step in
            try ScenarioRun(scenario: .pace(step), options: common.pace(step), cpus: cpus).measure()
        }
        try ResultPrinter.printResults(results, json: common.json)
    }
}

extension PaceStep: ExpressibleByArgument {
    init?(argument: String) {
        if argument == "idle" {
            self = .idle
            return
        }
        guard let microseconds = Int(argument), (1...1_000_000).contains(microseconds) else { return nil }
        self = .every(microseconds: microseconds)
    }
}

struct IdleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle", abstract: "What connections that say nothing cost the server: memory of each, and CPU.")

    @Option(help: "Connections; at most as many as a loop has by default, beside a first one.")
    var connections = 10_000

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...16_383).contains(connections) else { throw ValidationError("--connections must be between 1 and 16383") }
    }

    func run() throws {
        let run = ScenarioRun(scenario: .idle(connections: connections), options: common.server, cpus: try common.cpus())
        try ResultPrinter.printResults([run.measure()], json: common.json)
    }
}

struct FaninCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanin", abstract: "Many connections with one message in flight each, to one echo server.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var load: FaninOptions

    func run() throws {
        let scenario = ScenarioRun.Scenario.fanin(connections: load.connections, seconds: load.seconds)
        try common.run(ScenarioRun(scenario: scenario, options: common.server, cpus: common.cpus()))
    }
}

struct FaninOptions: ParsableArguments {
    @Option(help: "Connections of the client.")
    var connections = 128

    @Option(help: "How long to measure.")
    var seconds = 1.0

    func validate() throws {
        guard (1...16_384).contains(connections) else { throw ValidationError("--connections must be between 1 and 16384") }
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must be more than 0 and at most 3600") }
    }
}

struct ParseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse", abstract: "Finding native frames in memory, one process, no kernel in it.")

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard common.size >= 8 else { throw ValidationError("--size must be at least 8 for parse") }
        guard common.backend != .sharedMemory else { throw ValidationError("parse has no transport, and no --backend shared-memory") }
    }

    func run() throws {
        try CPUSet.pin(to: common.cpus().client)
        try ResultPrinter.printResults([Parse(size: common.size).measure()], json: common.json)
    }
}

extension CommonOptions {
    /// Measures and prints the one result.
    func run(_ scenario: ScenarioRun) throws { try ResultPrinter.printResults([measure(scenario)], json: json) }

    func measure(_ scenario: ScenarioRun) throws -> ScenarioResult {
        var result = try skipCountingTrial ? scenario.measure() : scenario.measureAndCount()
        if !histogram { result.histogram = nil }
        return result
    }
}
