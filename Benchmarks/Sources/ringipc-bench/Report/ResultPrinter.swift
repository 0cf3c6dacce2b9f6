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
            let hasOneSize = rows.allSatisfy { $0.size == rows[0].size }
            var table = Table([scenario + (hasOneSize ? size(rows[0]) : "")] + measures.map(\.title))
            for row in rows { table.add([name(row) + (hasOneSize ? "" : size(row))] + measures.map { $0.cell([row]) }) }
            StandardOutput.write((isFirst ? "" : "\n") + table.text)
            isFirst = false
        }
    }

    private static func scenarios(of results: [ScenarioResult]) -> [String] {
        results.map(\.scenario).reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }
    }

    private static func size(_ result: ScenarioResult) -> String { ", \(result.size ?? 0) B" }

    private static func name(_ result: ScenarioResult) -> String {
        let contender: [String?] = [result.kind.map { "C \($0)" } ?? result.peer ?? result.backend, result.kind == nil ? result.wait : nil]
        let parts = (contender + load(result)).compactMap { $0 }
        return parts.isEmpty ? "RingIPC" : parts.joined(separator: " ")
    }

    private static func load(_ result: ScenarioResult) -> [String?] {
        [
            result.payload.map { "by \($0)" }, result.batch.map { "by \($0)" }, result.intervalMicroseconds.map { "every \($0) µs" },
            result.burst.map { "\($0) messages" },
            result.depth.map { "\($0) in flight" }, result.offeredPerSecond.map { "\(Figure.number($0))/s" }, result.schedule, result.direction,
        ]
    }
}
