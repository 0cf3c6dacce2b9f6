/// What the single scenarios print.
enum ResultPrinter {
    static func printResults(_ results: [ScenarioResult], json: Bool) throws {
        if json {
            for result in results { StandardOutput.line(try JSONLine.encode(result)) }
            return
        }
        var isFirst = true
        for scenario in scenarios(of: results) {
            let rows = results.filter { $0.scenario == scenario }
            let measures = Measure.columns(of: scenario)
            var table = Table(["\(scenario), \(rows[0].size ?? 0) B"] + measures.map(\.title))
            for row in rows { table.add([name(row)] + measures.map { $0.cell([row]) }) }
            StandardOutput.write((isFirst ? "" : "\n") + table.text)
            isFirst = false
        }
    }

    private static func scenarios(of results: [ScenarioResult]) -> [String] {
        results.map(\.scenario).reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }
    }

    private static func name(_ result: ScenarioResult) -> String {
        if let kind = result.kind { return "C \(kind)" }
        let parts = [result.backend, result.wait, result.intervalMicroseconds.map { "every \($0) µs" }].compactMap { $0 }
        return parts.isEmpty ? "RingIPC" : parts.joined(separator: " ")
    }
}
