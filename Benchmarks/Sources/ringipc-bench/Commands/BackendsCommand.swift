internal import ArgumentParser
internal import RingIPC

struct BackendsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backends", abstract: "Which backends work here, and why not the others.")

    private struct Line: Encodable {
        let backend: String
        let isAvailable: Bool
        let reason: String

        enum CodingKeys: String, CodingKey {
            case backend, reason
            case isAvailable = "available"
        }
    }

    @OptionGroup var common: CommonOptions

    func run() throws {
        let survey = MeasuredBackendReport.survey()
        if common.json {
            for report in survey {
                let line = Line(backend: report.backend.rawValue, isAvailable: report.isAvailable, reason: report.reason)
                StandardOutput.line(try JSONLine.encode(line))
            }
        } else {
            var table = Table(["backend", "works here", "why"], textColumns: 3)
            for report in survey { table.add([report.backend.rawValue, report.isAvailable ? "yes" : "no", report.reason]) }
            StandardOutput.write(table.text)
        }
    }
}
