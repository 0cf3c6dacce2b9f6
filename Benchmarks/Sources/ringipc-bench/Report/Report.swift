/// What is made of the files of a run.
struct Report {
    let results: ResultFolder

    init(_ folder: String) throws { results = try ResultFolder(folder) }

    var summary: Summary { Summary(results: results) }

    /// The tables and the page, beside the results.
    func write() throws {
        try results.write(summary.text, to: "summary.md")
        try results.write(try Page(results: results, gnuplot: Gnuplot()).text, to: "report.html")
    }

    /// The figures of a document, from these results. It then names their folder as it was given here.
    func rewriteFigures(of file: String) throws {
        guard let text = SystemFile.text(file) else { throw BenchmarkFailure("cannot read \(file)") }
        var document = try FigureSection(in: text)
        document.folder = results.path
        document.figures = ReadmeFigures(results: results).text(folder: results.path)
        try ResultFolder.write(document.text + "\n", to: file)
    }
}
