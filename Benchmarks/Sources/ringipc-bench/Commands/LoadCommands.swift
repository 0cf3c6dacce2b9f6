internal import ArgumentParser
internal import RingIPC

// The scenarios that have a load of their own.

struct BurstOptions: ParsableArguments {
    @Option(help: "Messages of one burst.")
    var burst = 1000

    func validate() throws {
        guard (1...10_000_000).contains(burst) else { throw ValidationError("--burst must be between 1 and 10000000") }
    }
}

struct DepthOptions: ParsableArguments {
    @Option(help: "Requests in flight.")
    var depth = 16

    func validate() throws {
        guard (1...65_536).contains(depth) else { throw ValidationError("--depth must be between 1 and 65536") }
    }

    /// The client's receive ring has to hold all answers: else both sides could wait for the other to read.
    func check(size: Int) throws {
        let room = Configuration().receiveRingSize
        guard depth == 1 || depth * (size + 16) <= room else {
            throw ValidationError("--depth times --size and 16 bytes each must be at most \(room)")
        }
    }
}

struct RateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Messages a second that are offered, whatever is achieved.", valueName: "per second"))
    var rate = 100_000.0

    @Option(help: "When the messages are due.")
    var schedule = RateLoad.Schedule.poisson

    @Option(help: "Whether latency ends when the server has handled the message, or the client the answer.")
    var direction = RateLoad.Direction.oneWay

    @Option(help: "Of the Poisson schedule.")
    var seed: UInt64 = 1

    func validate() throws {
        guard rate >= 1, rate <= 1e9 else { throw ValidationError("--rate must be between 1 and 1000000000") }
    }

    func load(seconds: Double) -> RateLoad {
        RateLoad(perSecond: rate, schedule: schedule, direction: direction, seconds: seconds, seed: seed)
    }
}

extension RateLoad.Schedule: ExpressibleByArgument {}
extension RateLoad.Direction: ExpressibleByArgument {}

struct PayloadOption: ParsableArguments {
    @Option(help: "How payloads are handed over; all but 'ordinary' need --backend shared-memory, and 'description' is for round trips.")
    var payload = PayloadChoice.ordinary

    func applied(to options: ScenarioOptions) -> ScenarioOptions {
        var options = options
        options.payload = payload
        return options
    }

    func check(_ common: CommonOptions) throws {
        guard payload != .ordinary else { return }
        guard common.backend == .sharedMemory else {
            throw ValidationError("--payload \(payload.rawValue) needs --backend shared-memory: ring and loans are memory that both sides have")
        }
        guard common.size >= 8 else { throw ValidationError("--size must be at least 8 for --payload \(payload.rawValue)") }
    }
}

extension PayloadChoice: ExpressibleByArgument {}

struct SecondsOption: ParsableArguments {
    @Option(help: "How long to measure.")
    var seconds = 1.0

    func validate() throws {
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must be more than 0 and at most 3600") }
    }
}

struct BurstCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "burst", abstract: "Messages back to back, then quiet: time until the last one is handled.",
        discussion: "--count and the results count bursts.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var load: BurstOptions

    func run() throws {
        let options = common.burst(of: load.burst)
        try common.run(ScenarioRun(scenario: .burst(messages: load.burst), options: options, cpus: common.cpus()))
    }
}

struct RateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rate", abstract: "An open loop: latency from when each message was due, at an offered load.",
        discussion: "The client spins, so that it needs a CPU of its own; --wait is the server's. --count goes before --seconds.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var options: RateOptions
    @OptionGroup var length: SecondsOption

    func run() throws {
        let load = options.load(seconds: length.seconds)
        if load.schedule == .poisson, !common.json { StandardError.line("note: seed \(load.seed)") }
        try common.run(ScenarioRun(scenario: .rate(load), options: common.rate(load), cpus: common.cpus()))
    }
}

struct DepthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "depth", abstract: "Round trips on one connection with many requests in flight.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var load: DepthOptions

    func validate() throws { try load.check(size: common.size) }

    func run() throws {
        let scenario = ScenarioRun.Scenario.depth(load.depth)
        try common.run(ScenarioRun(scenario: scenario, options: common.depth(load.depth), cpus: common.cpus()))
    }
}

struct ConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Connections one after the other, with one message and its echo each.",
        discussion: "--count counts connections.")

    @OptionGroup var common: CommonOptions

    func run() throws {
        try common.run(ScenarioRun(scenario: .connect, options: common.connect, cpus: common.cpus()))
    }
}

struct SizesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sizes", abstract: "stream and pingpong with messages of 8 bytes to 4 MiB.", discussion: "--size is not used.")

    @OptionGroup var common: CommonOptions

    func run() throws {
        let cpus = try common.cpus()
        var results: [ScenarioResult] = []
        for scenario in [ScenarioRun.Scenario.stream, .pingpong] {
            for size in Matrix.sizes {
                var sized = common
                sized.size = size
                let options = scenario == .stream ? sized.stream : sized.pingpong
                let result = try common.measure(ScenarioRun(scenario: scenario, options: options, cpus: cpus))
                if common.json { try ResultPrinter.printResults([result], json: true) }
                results.append(result)
            }
        }
        if !common.json { try ResultPrinter.printResults(results, json: false) }
    }
}
