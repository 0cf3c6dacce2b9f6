internal import ArgumentParser
internal import CBenchmark
internal import FoundationEssentials
internal import RingIPC

struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Full load with clients and servers killed at random; every frame is accounted for.",
        subcommands: [SoakRunCommand.self, SoakServerCommand.self, SoakClientCommand.self])
}

struct SoakRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Both backends in turn; prints a report, and leaves soak.md and soak.jsonl in a folder.")

    @Option(help: ArgumentHelp("How long to load, all backends together.", valueName: "s"))
    var seconds = 60.0

    @Option(help: "Where the moments of the kills and the sizes of the frames come from; by default another one each time.")
    var seed = UInt64.random(in: 0...UInt64(UInt32.max))

    @Option(help: "Only this backend; may be repeated. By default all that work here.")
    var backend: [MeasuredBackend] = []

    @Option(help: ArgumentHelp("The folder for the report; without it, it is only printed.", valueName: "dir"))
    var output: String?

    func validate() throws {
        guard seconds >= 1, seconds <= 86_400 * 7 else { throw ValidationError("--seconds must be between 1 and 604800") }
    }

    func run() throws {
        let working = Backends.survey().filter(\.isAvailable).map { MeasuredBackend($0.backend) }
        let backends = backend.isEmpty ? working : backend
        StandardError.line("soak: seed \(seed)")
        let results = try backends.map { try SoakRun(backend: $0, seconds: seconds / Double(backends.count), seed: seed).run() }
        let report = SoakReport.text(results)
        if let output {
            let files = FileManager.default
            try files.createDirectory(atPath: output, withIntermediateDirectories: true)
            try Data(report.utf8).write(to: URL(filePath: "\(output)/soak.md"))
            try Data((results.map { try JSONLine.encode($0) }.joined(separator: "\n") + "\n").utf8).write(
                to: URL(filePath: "\(output)/soak.jsonl"))
        }
        StandardOutput.write(report)
        let violations = results.flatMap(\.violations)
        if let first = violations.first {
            throw BenchmarkFailure("the soak found \(violations.count) violations, first: \(first); --seed \(seed) repeats its choices")
        }
    }
}

struct SoakServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "server", abstract: "The server of a soak.", shouldDisplay: false)

    @Option var listen: String
    @Option var backend: MeasuredBackend
    @Option var ledger: String

    func run() throws {
        try SoakServer(backend: backend, ledger: LedgerFile(ledger)).run(Endpoint(listen), onReady: StandardOutput.ready)
    }
}

struct SoakClientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "client", abstract: "A client of a soak.", shouldDisplay: false)

    @Option var connect: String
    @Option var backend: MeasuredBackend
    @Option var ledger: String
    @Option var number: UInt64
    /// 0: a blocking one.
    @Option var connections: Int
    @Option var seed: UInt64

    func run() throws {
        let configuration = SoakSettings.configuration(backend: backend)
        let file = try LedgerFile(ledger)
        let endpoint = try Endpoint(connect)
        bench_catch_end_signals()
        StandardOutput.ready()
        if connections == 0 {
            try SoakBlockingClient(process: number, seed: seed, configuration: configuration, ledger: file).run(endpoint)
        } else {
            try SoakLoopClient(
                endpoint, process: number, connections: connections, seed: seed, configuration: configuration, ledger: file
            ).run()
        }
    }
}
