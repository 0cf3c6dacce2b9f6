/// Curves over percentiles: from histograms, or from the few percentiles of each trial where no histogram was kept.
extension Pictures {
    var percentiles: [Picture?] {
        Self.waits.map { wait, word in
            percentilePicture("percentiles-round-trip-\(wait)", "Round trips, both sides \(word): percentiles", cases.roundTrip(wait)) {
                $0.roundTrip
            }
        } + [rateWork.flatMap { percentilePicture("percentiles-rate", "Open loop, \($0.title): percentiles", $0) { $0.latency } }]
    }

    /// The highest rate that all contenders of the most-attended case were asked for.
    private var rateWork: CaseResults? {
        let candidates = cases.all("rate") { $0.direction == "one-way" }
        let most = candidates.map(\.contenders.count).max() ?? 0
        return candidates.last { $0.contenders.count == most }
    }

    private func percentilePicture(
        _ name: String, _ title: String, _ work: CaseResults?, _ times: @escaping (ScenarioResult) -> RoundTripTimes?
    ) -> Picture? {
        guard let work else { return nil }
        var table = Table(["by"] + Percentile.shown.map(\.label).dropLast() + ["greatest"])
        let series = work.contenders.compactMap { contender -> Series? in
            let curve =
                results.histogram(of: contender, in: work).map(Self.curve) ?? Self.curve(work.trials(of: contender).compactMap(times))
            guard let curve else { return nil }
            table.add([contender] + curve.cells)
            return Series(contender, curve.points, marks: curve.marks)
        }
        guard !series.isEmpty else { return nil }
        return Picture(
            name: name, title: title,
            caption: """
                How many of all times are no longer than the value: each further nine to the right is ten times rarer. Flat is steady; a rise to \
                the right is the tail. The last nine of each curve rests on few times, and a good part of it belongs to the machine.
                """,
            panels: [
                .curves(Curves(title: nil, x: Axis(label: "share of all times", scale: .nines), y: Axis(label: "µs"), series: series))
            ],
            table: table)
    }

    private typealias Curve = (points: [Point], marks: [Point], cells: [String])

    private static func curve(_ histogram: HistogramFile) -> Curve? {
        let greatest = 5.0
        let points = histogram.rows.filter { $0.share < 1 && $0.value > 0 }.map { Point(x: Percentile.nines($0.share), y: $0.value) }
            .filter { $0.x <= greatest }
        guard let end = points.last?.x else { return nil }
        let shown = Percentile.shown.dropLast().map { share in histogram.value(at: share.share).map { (Percentile.nines(share.share), $0) }
        }
        let marks = shown.compactMap { $0 }.filter { $0.0 <= end }.map { Point(x: $0.0, y: $0.1) }
        let cells = shown.map { $0.map { $0.0 <= end ? Figure.number($0.1) : "" } ?? "" }
        return (points, marks, cells + [histogram.rows.last.map { Figure.number($0.value) } ?? ""])
    }

    private static func curve(_ trials: [RoundTripTimes]) -> Curve? {
        let of: [(Double, (RoundTripTimes) -> Int)] = [(0.5, \.p50), (0.9, \.p90), (0.99, \.p99), (0.999, \.p99_9)]
        let points = of.compactMap { share, value in
            Spread(trials.map { microseconds(value($0)) }).map { Point(x: Percentile.nines(share), y: $0.median) }
        }
        guard !points.isEmpty, let greatest = trials.map(\.max).max() else { return nil }
        let cells = points.map { Figure.number($0.y) } + ["", Figure.number(microseconds(greatest))]
        return (points, points, cells)
    }
}
