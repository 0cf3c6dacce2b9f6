/// The tables of a run, in Markdown.
struct Summary {
    let environment: Environment
    let cases: [CaseResults]

    var text: String { ([heading, comparison] + cases.map(section)).joined(separator: "\n") }

    /// What a terminal shows: the comparison and its tables.
    var tables: String { ([comparison] + cases.map(section)).joined(separator: "\n") }

    private var heading: String {
        let machine = [
            environment.started, environment.cpuModel, environment.isVirtualMachine ? "virtual machine" : nil,
            environment.kernel.map { "Linux \($0)" }, environment.governor.map { "governor \($0)" }, environment.placement,
            environment.commit.map { "commit \($0)" },
        ]
        return """
            # RingIPC benchmark, profile \(environment.profile)

            \(machine.compactMap { $0 }.joined(separator: " · "))

            Two processes, client on CPU \(environment.cpus["client"] ?? 0), server on CPU \(environment.cpus["server"] ?? 0). \
            Every message was verified. Figures are medians of trials with (least–greatest); contenders took turns. The raw \
            trials are in `results.jsonl`, the machine in `environment.json`.

            """
    }

    /// One line for each case: what the choice between the two interfaces means.
    private var comparison: String {
        let rows = cases.filter { $0.contenders.contains("epoll") && $0.contenders.contains("io_uring") }
        guard !rows.isEmpty else { return "" }
        var table = Table(["case", "unit", "epoll", "io_uring", "io_uring against epoll"], textColumns: 2)
        for row in rows {
            let measure = Measure.columns(of: row.sample?.scenario ?? "")[0]
            let advantage = row.ratio(of: "io_uring", to: "epoll", by: measure).map { Self.times($0) } ?? ""
            table.add([
                row.title, measure.title, measure.cell(row.trials(of: "epoll")), measure.cell(row.trials(of: "io_uring")), advantage,
            ])
        }
        return """
            ## epoll and io_uring

            \(table.text)
            The last column is the median of the ratios trial by trial; above 1 io_uring is better.

            """
    }

    private func section(_ results: CaseResults) -> String {
        let all = Measure.columns(of: results.sample?.scenario ?? "")
        let contenders = results.contenders
        let measures = all.filter { measure in contenders.contains { !measure.cell(results.trials(of: $0)).isEmpty } }
        let ratios = contenders.map { results.ratioToLimit(of: $0, by: all[0]).map { Figure.percent($0.median) } ?? "" }
        let hasRatios = ratios.contains { !$0.isEmpty }
        var table = Table(["by"] + measures.map(\.title) + (hasRatios ? ["of the C limit"] : []))
        for (contender, ratio) in zip(contenders, ratios) {
            table.add([contender] + measures.map { $0.cell(results.trials(of: contender)) } + (hasRatios ? [ratio] : []))
        }
        let notes = (environment.notMeasured?[results.title] ?? [:]).sorted { $0.key < $1.key }
        return "## \(results.title)\n\n\(table.text)" + notes.map { "\nNot measured: \($0.key): \($0.value)\n" }.joined()
    }

    private static func times(_ ratio: Spread) -> String {
        let figures = [ratio.median, ratio.minimum, ratio.maximum].map { Figure.fixed($0, decimals: 2) }
        return "\(figures[0]) (\(figures[1])–\(figures[2]))"
    }
}
