internal import ArgumentParser

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Tables and pictures of a folder of results: summary.md and report.html in it.",
        discussion: "Needs nothing but the files of the folder. The pictures need gnuplot; without it the page has its tables only.")

    @Argument(help: ArgumentHelp("A folder that 'run' has filled.", valueName: "dir"))
    var folder: String

    @Option(help: ArgumentHelp("A document whose figures are replaced by those of this folder.", valueName: "file"))
    var readme: String?

    func run() throws {
        let report = try Report(folder)
        try report.write()
        if let readme { try report.rewriteFigures(of: readme) }
    }
}
