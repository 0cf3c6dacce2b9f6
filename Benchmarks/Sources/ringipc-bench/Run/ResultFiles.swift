internal import FoundationEssentials
internal import Glibc

/// The files of one run. Trials are written as they come, so that an interrupted run keeps what it has.
final class ResultFiles {
    let folder: String
    private let trials: Int32
    private static let histograms = "histograms"

    /// Replaces the files of an earlier run in the same folder.
    init(folder: String) throws {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw BenchmarkFailure("cannot make the folder \(folder); choose another with --output")
        }
        for name in ["summary.md", "report.html", "environment.json", Self.histograms] {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
        trials = unsafe open("\(folder)/results.jsonl", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard trials >= 0 else { throw BenchmarkFailure("cannot write to the folder \(folder); choose another with --output") }
    }

    deinit { close(trials) }

    /// Without its histogram, which has a file of its own.
    func add(_ record: TrialRecord) throws {
        guard writeAll(try JSONLine.encode(record.withoutHistogram) + "\n", to: trials) else { throw failure("results.jsonl") }
    }

    /// A file for each contender that has measured times.
    func addHistograms(of work: CaseResults) throws {
        for contender in work.contenders {
            guard let text = try PercentileTable(trials: work.trials(of: contender))?.text else { continue }
            let place = "\(folder)/\(Self.histograms)"
            try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try write(Data(text.utf8), to: "\(Self.histograms)/\(work.title.slug)--\(contender.slug).hgrm")
        }
    }

    func write(_ environment: Environment) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try write(encoder.encode(environment) + Data("\n".utf8), to: "environment.json")
    }

    private func write(_ data: Data, to name: String) throws {
        do { try data.write(to: URL(filePath: "\(folder)/\(name)")) } catch { throw failure(name) }
    }

    private func failure(_ name: String) -> BenchmarkFailure { BenchmarkFailure("cannot write \(folder)/\(name)") }
}
