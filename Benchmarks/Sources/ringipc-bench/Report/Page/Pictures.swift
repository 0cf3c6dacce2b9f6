/// Which pictures there are; those without data are left out.
struct Pictures {
    let results: ResultFolder

    var cases: [CaseResults] { results.cases }

    var all: [Picture] { (bars + percentiles + sweeps + [cpu]).compactMap { $0 } }

    static func microseconds(_ nanoseconds: Int) -> Double { Double(nanoseconds) / 1e3 }

    static let waits = [("block", "blocking"), ("spin", "spinning")]

    // MARK: Bars against the limit and the peers

    private var bars: [Picture?] {
        [
            barPicture("bars-stream", "Stream of 64-byte messages", cases.stream, "Longer is better."),
            barPicture("bars-burst", "Burst of 1000 messages, blocking", cases.burst(1000, "block"), "Shorter is better."),
        ]
            + Self.waits.map { wait, word in
                barPicture("bars-round-trip-\(wait)", "Round trip, both sides \(word)", cases.roundTrip(wait), "Shorter is better.")
            }
    }

    private func barPicture(_ name: String, _ title: String, _ work: CaseResults?, _ direction: String) -> Picture? {
        guard let work else { return nil }
        let order = work.contenders.filter { work.median(of: $0) != nil }.sorted { one, other in
            work.isBetter(work.median(of: one) ?? 0, than: work.median(of: other) ?? 0)
        }
        let bars = order.compactMap { contender in
            work.measure.spread(work.trials(of: contender)).map { spread in
                Bar(
                    contender: contender, parts: [spread.median], interval: spread.low...spread.high,
                    label: Figure.number(spread.median) + (work.isMostlyDisturbed(contender) ? " \(CaseResults.mark)" : ""))
            }
        }
        guard !bars.isEmpty else { return nil }
        let limit = work.best(of: work.ours.compactMap { work.limit(of: $0) }.filter { !$0.hasPrefix("C shared") }).flatMap { name in
            work.median(of: name).map { Tick(value: $0, label: "limit: \(ContenderStyle.displayName(name))") }
        }
        var table = Table(["by", work.measure.title])
        for contender in order { table.add([contender, work.cell(contender, work.measure)]) }
        return Picture(
            name: name, title: title,
            caption: """
                \(direction) The broken line is the best C program that makes the calls of one of ours: what the kernel gives; in shared memory it has no part. Whiskers are the exact \
                intervals of the medians. The axis is logarithmic: compare where bars end, not how long they are.
                """,
            panels: [.bars(Bars(title: nil, axis: Axis(label: Self.unit(work.measure)), bars: bars, limit: limit))], table: table)
    }

    /// A measure's title, in words that need no table around them.
    static func unit(_ measure: Measure) -> String {
        switch measure.title {
        case "million/s": "million messages a second"
        case let title where title.hasSuffix("p50 µs"): "median, µs"
        default: measure.title
        }
    }

    // MARK: CPU time

    private var cpu: Picture? {
        let stream = cases.stream
        let works: [(String, CaseResults?, (CaseResults) -> [String])] = [
            ("Stream, 64 B: ours and C", stream, { $0.ours + $0.limits }),
            ("Stream, 64 B: with other libraries", stream, { $0.peers.isEmpty ? [] : $0.contenders }),
            ("Round trip, blocking", cases.roundTrip("block"), { $0.contenders }),
            ("Round trip, spinning", cases.roundTrip("spin"), { $0.contenders }),
        ]
        var table = Table(["work", "by", "client ns", "server ns"], textColumns: 2)
        var panels: [Panel] = []
        for case (let title, let work?, let chosen) in works {
            let bars = chosen(work).compactMap { cpuBar($0, in: work) }
            guard !bars.isEmpty else { continue }
            panels.append(
                .bars(
                    Bars(
                        title: title, axis: Axis(label: "CPU ns for each message", scale: .linear), bars: bars, parts: ["client", "server"])
                ))
            for bar in bars { table.add([title, bar.contender] + bar.parts.map(Figure.number)) }
        }
        guard !panels.isEmpty else { return nil }
        return Picture(
            name: "cpu", title: "CPU time for each message",
            caption: """
                User and system time of both processes as the kernel accounts it: the filled part is the client's (or sender's), the hollow part \
                the server's (or receiver's). Panels have scales of their own. Who spins pays for the waiting, too: that is no inefficiency \
                but the price of the lower latency.
                """,
            panels: panels, table: table)
    }

    private func cpuBar(_ contender: String, in work: CaseResults) -> Bar? {
        let trials = work.trials(of: contender)
        guard let client = Spread(trials.compactMap(\.cpuPerMessageOfClient)),
            let server = Spread(trials.compactMap(\.cpuPerMessageOfServer))
        else { return nil }
        let parts = [client.median, server.median]
        return Bar(contender: contender, parts: parts, label: Figure.number(parts[0] + parts[1]))
    }
}
