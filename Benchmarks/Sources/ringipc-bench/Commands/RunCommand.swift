internal import ArgumentParser
internal import CBenchmark
internal import RingIPC

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "The whole matrix: a table here, and raw data, tables and the environment in a folder.",
        discussion: """
            Leaves results.jsonl (each trial), environment.json, histograms/*.hgrm, summary.md and report.html in the folder. Nothing \
            else should run on the machine meanwhile. Interrupted (SIGINT, SIGTERM), it keeps what was measured and ends with exit code 130.
            """)

    @Option(help: "quick takes less than two minutes; full less than 45, has longer trials, more sizes and every scenario.")
    var profile = Profile.quick

    @Option(help: ArgumentHelp("The folder for the results; files of an earlier run there are replaced.", valueName: "dir"))
    var output = "results/latest"

    @Option(help: "Only this backend; may be repeated. By default all that work here.")
    var backend: [MeasuredBackend] = []

    @Option(help: ArgumentHelp("The CPUs of client and server; by default two physical cores.", valueName: "a,b"))
    var pin: CPUPair?

    @Option(
        help: ArgumentHelp(
            "Only cases with this in their title; may be repeated. Peers whose batch sweep is left out get a batch near 256.",
            valueName: "text"))
    var only: [String] = []

    @Flag(help: "Print each trial as one JSON object per line instead of tables.")
    var json = false

    /// Of each trial. For tests: so short that the figures mean nothing.
    @Option(help: .hidden)
    var trialSeconds: Double?

    func validate() throws {
        if let pin { try CPUSet.current().check(pin) }
        guard trialSeconds ?? 1 > 0 else { throw ValidationError("--trial-seconds must be more than 0") }
    }

    func run() throws {
        let cpus = try pin ?? CPUSet.current().defaultPair
        let survey = MeasuredBackendReport.survey()
        let peers = PeerProgram.survey()
        let matrix = Matrix(
            profile: profile, backends: try chosenBackends(survey), choosesBackends: backend.isEmpty, cpus: cpus,
            hasLimits: Tool.limits != nil, peers: peers.compactMap(\.about), trialSeconds: trialSeconds, selection: only)
        guard !matrix.cases.isEmpty else {
            throw BenchmarkFailure("no case of the \(profile.rawValue) profile has \(selectionText) in its title")
        }
        noteWhatIsMissing(peers)
        var environment = try Environment.current(profile: profile, cpus: cpus, backends: survey, peers: peers)
        environment.note = only.isEmpty ? nil : "limited to cases with \(selectionText) in the title"
        if let note = environment.placement { StandardError.line("note: \(note)") }
        let overhead = try Overhead.measure()
        environment.overhead = Dictionary(overhead.parts.map { ($0.0.rawValue, $0.1) }, uniquingKeysWith: { first, _ in first })
        StandardError.line(
            "note: the tool itself takes \(Figure.number(overhead.stream)) ns in each message of a stream, "
                + "\(Figure.number(overhead.pingpong)) ns in each round trip")
        let files = try ResultFiles(folder: output)
        try files.write(environment)
        bench_catch_end_signals()
        var run = BenchmarkRun(matrix)
        let end = Result { try measure(&run, into: files) }
        // The report has children, too; from here on a signal ends everything at once.
        bench_release_end_signals()
        environment.notMeasured = run.notMeasured
        if case .failure(let error) = end {
            let end = error is Interruption ? "interrupted" : "ended by a failure"
            let selection = environment.note.map { $0 + ", and " } ?? ""
            environment.note = selection + "\(end) after \(run.trialsDone) of \(run.trialsPlanned) trials"
        }
        try files.write(environment)
        try report()
        try end.get()
    }

    private var selectionText: String { only.map { "'\($0)'" }.joined(separator: " or ") }

    private func measure(_ run: inout BenchmarkRun, into files: ResultFiles) throws {
        try run.measure { record in
            try files.add(record)
            if json { StandardOutput.line(try JSONLine.encode(record.withoutHistogram)) }
        } onCase: { work in
            try files.addHistograms(of: work)
        }
    }

    private func report() throws {
        let report = try Report(output)
        try report.write()
        guard !json else { return }
        StandardOutput.write(report.summary.tables)
        StandardOutput.line("\nThe raw data is in \(output)/results.jsonl, tables and pictures in \(output)/report.html.")
    }

    private func noteWhatIsMissing(_ peers: [PeerReport]) {
        if Tool.limits == nil { StandardError.line("note: the C limit programs are not built; 'make bench-tool' builds them") }
        let missing = peers.filter { $0.about == nil }.map(\.program.name)
        if !missing.isEmpty {
            StandardError.line("note: without \(missing.joined(separator: ", ")); 'make peers' builds what it finds a library for")
        }
    }

    /// What was asked for must work; else all that do, with a word about those that do not.
    private func chosenBackends(_ survey: [MeasuredBackendReport]) throws -> [MeasuredBackend] {
        let unavailable = survey.filter { !$0.isAvailable }
        if !backend.isEmpty {
            if let missing = unavailable.first(where: { backend.contains($0.backend) }) {
                throw BenchmarkFailure("backend \(missing.backend.rawValue) does not work here: \(missing.reason)")
            }
            return backend.reduce(into: []) { kept, next in if !kept.contains(next) { kept.append(next) } }
        }
        for report in unavailable { StandardError.line("note: without \(report.backend.rawValue): \(report.reason)") }
        return survey.filter(\.isAvailable).map(\.backend)
    }
}
