internal import ArgumentParser

struct OverheadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overhead", abstract: "What this tool itself costs in each message, with no transport.")

    @OptionGroup var common: CommonOptions

    func run() throws {
        try CPUSet.pin(to: common.cpus().client)
        let overhead = try Overhead.measure(size: common.size)
        if common.json { return StandardOutput.line(try JSONLine.encode(overhead)) }
        var table = Table(["the tool itself, \(overhead.size) B", "ns/message"])
        for (part, nanoseconds) in overhead.parts {
            let name = part.rawValue.dropLast("_ns".count)
            let isScenario = part == .pingpong || part == .stream
            table.add([isScenario ? "in \(name)" : String(name), Figure.number(nanoseconds)])
        }
        StandardOutput.write(table.text)
    }
}
