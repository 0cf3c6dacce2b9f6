internal import FoundationEssentials

/// The files that a run has left, read back.
struct ResultFolder {
    let path: String
    let environment: Environment
    let cases: [CaseResults]

    init(_ path: String) throws {
        guard let trials = SystemFile.text("\(path)/results.jsonl"), let machine = SystemFile.text("\(path)/environment.json")
        else { throw BenchmarkFailure("\(path) is no folder of results: results.jsonl and environment.json belong in it") }
        let records = try trials.split(separator: "\n").map { try JSONLine.decode(TrialRecord.self, from: String($0)) }
        self.init(path: path, environment: try JSONLine.decode(Environment.self, from: machine), cases: CaseResults.grouped(records))
    }

    init(path: String, environment: Environment, cases: [CaseResults]) {
        self.path = path
        self.environment = environment
        self.cases = cases
    }

    /// All times of a contender in a case; a run of an older tool has kept none.
    func histogram(of contender: String, in work: CaseResults) -> HistogramFile? {
        let file = "\(path)/histograms/\(work.title.slug)--\(contender.slug).hgrm"
        guard let histogram = SystemFile.text(file).map(HistogramFile.init), !histogram.rows.isEmpty else { return nil }
        return histogram
    }

    func write(_ text: String, to name: String) throws { try Self.write(text, to: "\(path)/\(name)") }

    static func write(_ text: String, to file: String) throws {
        do { try Data(text.utf8).write(to: URL(filePath: file)) } catch { throw BenchmarkFailure("cannot write \(file)") }
    }
}
