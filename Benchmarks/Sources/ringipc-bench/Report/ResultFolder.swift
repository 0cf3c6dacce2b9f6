internal import FoundationEssentials

/// The files that a run has left, read back.
struct ResultFolder {
    let path: String
    let environment: Environment
    let cases: [CaseResults]

    init(_ path: String) throws {
        self.path = path
        guard let trials = SystemFile.text("\(path)/results.jsonl"), let machine = SystemFile.text("\(path)/environment.json")
        else { throw BenchmarkFailure("\(path) is no folder of results: results.jsonl and environment.json belong in it") }
        environment = try JSONLine.decode(Environment.self, from: machine)
        let records = try trials.split(separator: "\n").map { try JSONLine.decode(TrialRecord.self, from: String($0)) }
        cases = CaseResults.grouped(records)
    }
}
