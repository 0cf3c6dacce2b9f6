internal import ArgumentParser
internal import RingIPC

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "The whole matrix: a table here, and raw data, tables and the environment in a folder.",
        discussion: """
            Leaves results.jsonl (each trial), summary.md, report.html and environment.json in the folder. Nothing else should run on the \
            machine meanwhile.
            """)

    @Option(help: "quick takes less than two minutes; full has more trials, longer ones and more sizes.")
    var profile = Profile.quick

    @Option(help: ArgumentHelp("The folder for the results; files of an earlier run there are replaced.", valueName: "dir"))
    var output = "results/latest"

    @Option(help: "Only this backend; may be repeated. By default all that work here.")
    var backend: [BackendChoice] = []

    @Option(help: ArgumentHelp("The CPUs of client and server; by default two physical cores.", valueName: "a,b"))
    var pin: CPUPair?

    @Flag(help: "Print each trial as one JSON object per line instead of tables.")
    var json = false

    func validate() throws {
        if let pin { try CPUSet.current().check(pin) }
    }

    func run() throws {
        let cpus = try pin ?? CPUSet.current().defaultPair
        let survey = Backends.survey()
        let matrix = Matrix(
            profile: profile, backends: try chosenBackends(survey), includesAutomatic: backend.isEmpty, cpus: cpus,
            hasLimits: Tool.limits != nil)
        if Tool.limits == nil { StandardError.line("note: the C limit programs are not built; 'make bench-tool' builds them") }
        let reasons = survey.map { ($0.backend.rawValue, "\($0.isAvailable ? "works" : "does not work"): \($0.reason)") }
        let environment = try Environment.current(
            profile: profile, cpus: cpus, backends: Dictionary(reasons, uniquingKeysWith: { first, _ in first }))
        if let note = environment.placement { StandardError.line("note: \(note)") }
        let files = try ResultFiles(folder: output)
        try files.write(environment)
        try measure(matrix.cases, into: files)
        let report = try Report(output)
        try report.write()
        if !json {
            StandardOutput.write(report.summary.tables)
            StandardOutput.line("\nThe raw data is in \(output)/results.jsonl, tables and pictures in \(output)/report.html.")
        }
    }

    private func measure(_ cases: [BenchmarkCase], into files: ResultFiles) throws {
        var progress = Progress(total: cases.map { $0.trials * $0.contenders.count }.reduce(0, +))
        defer { progress.clear() }
        for work in cases {
            var run = CaseRun(work)
            try run.run(progress: &progress) { record in
                try files.add(record)
                if json { StandardOutput.line(try JSONLine.encode(record)) }
            }
        }
    }

    /// What was asked for must work; else all that do, with a word about those that do not.
    private func chosenBackends(_ survey: [BackendReport]) throws -> [BackendChoice] {
        let unavailable = survey.filter { !$0.isAvailable }
        if !backend.isEmpty {
            if let missing = unavailable.first(where: { backend.contains($0.backend) }) {
                throw BenchmarkFailure("backend \(missing.backend.rawValue) does not work here: \(missing.reason)")
            }
            return backend.reduce(into: []) { kept, next in if !kept.contains(next) { kept.append(next) } }
        }
        for report in unavailable { StandardError.line("note: without \(report.backend.rawValue): \(report.reason)") }
        return survey.filter { $0.isAvailable && $0.backend != .automatic }.map(\.backend)
    }
}
