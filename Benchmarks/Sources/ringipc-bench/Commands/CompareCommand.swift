internal import ArgumentParser
internal import FoundationEssentials

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Two folders of results: what has become faster or slower from the first to the second.",
        discussion: """
            A ratio above 1 means that the second run is better. It is the median of the ratios of all pairs of trials; the \
            interval is that of the Mann-Whitney test, at least 95 %. Exit code 0: nothing is slower; 2: something is; 64: wrong \
            arguments.
            """)

    @Argument(help: "The folder of the earlier run.") var first: String
    @Argument(help: "The folder of the later run.") var second: String

    @Option(help: ArgumentHelp("Only an interval that lies wholly beyond this is a difference.", valueName: "percent"))
    var tolerance = 5.0

    @Flag(help: "Print one JSON object per line and nothing else.")
    var json = false

    func validate() throws {
        guard (0...1000).contains(tolerance) else { throw ValidationError("--tolerance must be between 0 and 1000") }
        for folder in [first, second] where !FileManager.default.fileExists(atPath: "\(folder)/results.jsonl") {
            throw ValidationError("\(folder) is no folder of results: it has no results.jsonl")
        }
    }

    func run() throws {
        let comparison = FolderComparison(try ResultFolder(first), try ResultFolder(second), tolerance: tolerance / 100)
        for warning in comparison.warnings { StandardError.line("note: \(warning)") }
        if json { try printLines(comparison) } else { printTable(comparison) }
        if comparison.hasSlower { throw ExitCode(2) }
    }

    private func printTable(_ comparison: FolderComparison) {
        var table = Table(["case", "by", "ratio", "ratio to the C limit", "verdict"], textColumns: 2)
        for figure in comparison.comparisons {
            let cells = [figure.change, figure.changeToLimit].map { $0.map(Self.cell) ?? "" }
            table.add([figure.title, figure.contender] + cells + [figure.verdict.rawValue])
        }
        StandardOutput.write(table.text)
        if !comparison.unmatched.isEmpty { StandardOutput.line("\n" + comparison.unmatched.joined(separator: "\n")) }
    }

    private static func cell(_ change: RatioInterval) -> String {
        let figures = [change.ratio, change.low, change.high].map { Figure.fixed($0, decimals: 2) }
        return "\(figures[0]) (\(figures[1])–\(figures[2]))"
    }

    private struct Line: Encodable {
        var title: String
        var contender: String
        var ratio: Double
        var low: Double
        var high: Double
        var coverage: Double
        var ratioToLimit: Double?
        var verdict: Comparison.Verdict

        init(_ figure: Comparison) {
            title = figure.title
            contender = figure.contender
            ratio = figure.change.ratio
            low = figure.change.low
            high = figure.change.high
            coverage = figure.change.coverage
            ratioToLimit = figure.changeToLimit?.ratio
            verdict = figure.verdict
        }

        enum CodingKeys: String, CodingKey {
            case contender, ratio, low, high, coverage, verdict
            case title = "case"
            case ratioToLimit = "ratio_to_limit"
        }
    }

    private func printLines(_ comparison: FolderComparison) throws {
        for figure in comparison.comparisons { StandardOutput.line(try JSONLine.encode(Line(figure))) }
        for line in comparison.unmatched { StandardError.line("note: \(line)") }
    }
}
