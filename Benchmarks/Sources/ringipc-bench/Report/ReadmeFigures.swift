/// The figures that the README shows.
struct ReadmeFigures {
    let results: ResultFolder

    /// - Parameter folder: as the reader finds it.
    func text(folder: String) -> String {
        ["", introduction(folder), own.text, peers].filter { !$0.isEmpty }.joined(separator: "\n").trimmed + "\n"
    }

    private func introduction(_ folder: String) -> String {
        let environment = results.environment
        let place = environment.isVirtualMachine ? "a virtual machine" : "a machine"
        let kernel = environment.kernel.map { "Linux " + $0.split(separator: ".").prefix(2).joined(separator: ".") }
        let machine = [environment.cpuModel, kernel].compactMap { $0 }.joined(separator: ", ")
        return """
            Two processes, each with a CPU of its own, on \(place) (\(machine)), 64-byte messages, every byte verified. Medians of \
            trials\(hasShares ? "; in parentheses the share of the C limit of the same kind, trial by trial" : ""). From `\(folder)` (`ringipc-bench run --profile \
            \(environment.profile)`), where the intervals and the raw data are.

            """
    }

    /// Results of an older tool do not say which limit belongs to whom.
    private var hasShares: Bool { headlines.contains { $0.1.map { work in work.ours.contains { work.limit(of: $0) != nil } } == true } }

    /// The work that stands for the rest, with the words of the README.
    private var headlines: [(String, CaseResults?)] {
        let cases = results.cases
        let oneCPU = cases.first { $0.isOnOneCPU && $0.scenario == "pingpong" && $0.wait == "block" }
        let fanins = [128, 1024].map { (connections: Int) in
            ("\(connections) connections, one message in flight each", cases.first("fanin") { $0.connections == connections })
        }
        return [
            ("stream", cases.stream),
            ("burst of 1000, receiver sleeps before", cases.burst(1000, "block")),
            ("round trip, both sides spinning", cases.roundTrip("spin")),
            ("round trip, both sides blocking", cases.roundTrip("block")),
            ("round trip, blocking, both on one CPU", oneCPU),
        ] + fanins
    }

    private var own: Table {
        let contenders = ["epoll", "io_uring", "automatic"] + (sharesMemory ? ["shared-memory"] : [])
        var table = Table(["work", "unit", "epoll", "io_uring", "`automatic`"] + (sharesMemory ? ["shared memory"] : []), textColumns: 2)
        for case (let name, let work?) in headlines {
            table.add([name, work.measure.title] + contenders.map { cell($0, in: work) })
        }
        return table
    }

    /// An older tool did not measure it.
    private var sharesMemory: Bool { headlines.contains { $0.1?.contenders.contains("shared-memory") == true } }

    private func cell(_ contender: String, in work: CaseResults) -> String {
        guard let median = work.median(of: contender) else { return "" }
        let share = work.ratioToLimit(of: contender, by: work.measure).map { " (\(Figure.percent($0.median)))" } ?? ""
        let mark = work.isMostlyDisturbed(contender) ? " \(CaseResults.mark)" : ""
        return Figure.number(median) + share + mark
    }

    /// Of our backends the one that is slower there stands for us.
    private var peers: String {
        let comparison = PeerComparison(results: results)
        let names = comparison.cases.flatMap(\.peers).reduce(into: [String]()) { all, name in if !all.contains(name) { all.append(name) } }
        guard !names.isEmpty else { return "" }
        var table = Table(["times faster than"] + comparison.cases.map(\.title))
        for name in names {
            table.add([comparison.versioned(name)] + comparison.cases.map { leastAdvantage(over: name, in: $0) })
        }
        let missing = comparison.missing.isEmpty ? "" : " Not measured: \(comparison.missing.joined(separator: "; "))."
        return """

            \(table.text)
            Ours is the slower of epoll and io_uring in each case; in parentheses the exact interval of the median. Below 1 the other \
            library is faster. Batches, delays and all cases are in the report.\(missing)
            """
    }

    private func leastAdvantage(over peer: String, in work: CaseResults) -> String {
        let ratios = ["epoll", "io_uring"].compactMap { work.ratio(of: $0, to: peer, by: work.measure) }
        return ratios.min { $0.median < $1.median }?.text(Figure.number) ?? ""
    }
}
