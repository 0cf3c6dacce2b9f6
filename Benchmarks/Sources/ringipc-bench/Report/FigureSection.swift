/// The part of a document that is made from results, between two comments that no reader sees. The first one names the folder.
struct FigureSection {
    /// As the document names it: relative to the repository.
    var folder: String
    var figures: String
    private let before: String
    private let after: String

    private static let begin = "<!-- figures: "
    private static let endOfBegin = " -->\n"
    private static let end = "<!-- end of figures -->"

    init(in document: String) throws {
        guard let begin = document.firstRange(of: Self.begin),
            let endOfBegin = document[begin.upperBound...].firstRange(of: Self.endOfBegin),
            let end = document[endOfBegin.upperBound...].firstRange(of: Self.end)
        else { throw BenchmarkFailure("no figures to rewrite: '\(Self.begin)results/NAME -->' and '\(Self.end)' must enclose them") }
        folder = String(document[begin.upperBound..<endOfBegin.lowerBound])
        figures = String(document[endOfBegin.upperBound..<end.lowerBound])
        before = String(document[..<begin.lowerBound])
        after = String(document[end.lowerBound...])
    }

    var text: String { before + Self.begin + folder + Self.endOfBegin + figures + after }
}
