/// The tables of a run, in Markdown.
struct Summary {
    let results: ResultFolder

    private var environment: Environment { results.environment }

    var text: String { ([heading] + parts).joined(separator: "\n") }

    /// What a terminal shows.
    var tables: String { parts.joined(separator: "\n") }

    private var parts: [String] { [comparison, peers].filter { !$0.isEmpty } + results.cases.map(section) }

    private var heading: String {
        """
        # RingIPC benchmark, profile \(environment.profile)

        \(Self.machine(environment).joined(separator: " · "))

        Two processes, client on CPU \(environment.cpus["client"] ?? 0), server on CPU \(environment.cpus["server"] ?? 0). \
        \(Self.method(results)) The raw trials are in `results.jsonl`, the machine in `environment.json`.
        \(environment.note.map { "\nThis run was \($0).\n" } ?? "")
        """
    }

    static func machine(_ environment: Environment) -> [String] {
        [
            environment.started, environment.cpuModel, environment.isVirtualMachine ? "virtual machine" : nil,
            environment.kernel.map { "Linux \($0)" }, environment.governor.map { "governor \($0)" }, environment.placement,
            environment.commit.map { "commit \($0)" },
        ].compactMap { $0 }
    }

    /// What every figure is, said once.
    static func method(_ results: ResultFolder) -> String {
        let counts = Set(results.cases.flatMap { work in work.contenders.map { work.trials(of: $0).count } }).filter { $0 > 1 }
        let coverages = counts.sorted().map { count in
            let coverage = Spread((0..<count).map(Double.init))?.coverage ?? 0
            return "\(Figure.fixed(coverage * 100, decimals: 1)) % with \(count) trials"
        }
        let marks = results.cases.contains { !$0.disturbanceNotes.isEmpty }
        return """
            Every message was verified; contenders took turns. Figures are medians of trials with (low–high), an exact interval that holds \
            the true median in \(coverages.joined(separator: ", ")).\
            \(marks ? " Behind \(CaseResults.mark) most trials were disturbed by the machine." : "")
            """
    }

    /// One line for each case: what the choice between the two interfaces means.
    private var comparison: String {
        let table = Self.interfaces(results.cases)
        guard !table.isEmpty else { return "" }
        return """
            ## epoll and io_uring

            \(table.text)
            \(Self.interfacesNote)

            """
    }

    static let interfacesNote = "The last column is the median of the ratios trial by trial; above 1 io_uring is better."

    static func interfaces(_ cases: [CaseResults]) -> Table {
        var table = Table(["case", "unit", "epoll", "io_uring", "io_uring against epoll"], textColumns: 2)
        for work in cases where work.contenders.contains("epoll") && work.contenders.contains("io_uring") {
            let advantage = work.ratio(of: "io_uring", to: "epoll", by: work.measure)?.text { Figure.fixed($0, decimals: 2) }
            table.add([
                work.title, work.measure.title, work.cell("epoll", work.measure), work.cell("io_uring", work.measure), advantage ?? "",
            ])
        }
        return table
    }

    private var peers: String {
        let comparison = PeerComparison(results: results)
        guard !comparison.compared.isEmpty || !comparison.missing.isEmpty else { return "" }
        let tables = comparison.cases.map { "### Against other libraries: \($0.title)\n\n\(comparison.table(of: $0).text)\n" }
        let wins = comparison.wins.map { "- \($0)\n" }
        let missing = comparison.missing.isEmpty ? "" : "\nNot measured: \(comparison.missing.joined(separator: "; ")).\n"
        return """
            ## Against other libraries

            \(tables.joined())\(PeerComparison.explanation)

            \(comparison.verdict)
            \(wins.isEmpty ? "" : "\n" + wins.joined())\(missing)
            """
    }

    private func section(_ work: CaseResults) -> String {
        let notes = Self.guests(of: work) + work.disturbanceNotes + Self.notMeasured(work, environment)
        return "## \(work.title)\n\n\(Self.table(of: work).text)" + notes.map { "\n\($0)\n" }.joined()
    }

    /// A case's table: all its figures, and how near each contender comes to its limit.
    static func table(of work: CaseResults) -> Table {
        let measures = Measure.columns(of: work.scenario).filter { measure in
            work.contenders.contains { !work.cell($0, measure).isEmpty }
        }
        let ratios = work.contenders.map { work.ratioToLimit(of: $0, by: work.measure).map { Figure.percent($0.median) } ?? "" }
        let hasRatios = ratios.contains { !$0.isEmpty }
        var table = Table(["by"] + measures.map(\.title) + (hasRatios ? ["of the C limit"] : []))
        for (contender, ratio) in zip(work.contenders, ratios) {
            table.add([contender] + measures.map { work.cell(contender, $0) } + (hasRatios ? [ratio] : []))
        }
        return table
    }

    /// A sentence for each client of another library that met its own server and another one.
    static func guests(of work: CaseResults) -> [String] {
        work.contenders.flatMap { contender in
            Host.allCases.compactMap { host in
                guard let ratio = work.ratio(of: contender + host.suffix, to: contender, by: Measure.serverCPU) else { return nil }
                let times = ratio.text(Figure.number)
                return "For each message of the same client, \(host.phrase) takes \(times) times less CPU time than the server of "
                    + "\(contender)."
            }
        }
    }

    static func notMeasured(_ work: CaseResults, _ environment: Environment) -> [String] {
        (environment.notMeasured?[work.title] ?? [:]).sorted { $0.key < $1.key }.map { "Not measured: \($0.key): \($0.value)" }
    }
}
