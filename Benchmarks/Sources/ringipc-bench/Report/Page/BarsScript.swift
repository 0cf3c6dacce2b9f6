/// Bars that lie, one for each contender, with names to the left and figures behind their ends.
struct BarsScript {
    let bars: Bars
    let cell: Cell

    static let pitch = 26.0
    private static let sides = (left: 92.0, right: 96.0)

    /// Height without the bars.
    static func surroundings(of bars: Bars) -> Double { top(of: bars) + bottom }

    private static let bottom = 60.0

    /// Room for the title and for the name of the limit.
    private static func top(of bars: Bars) -> Double { (bars.title == nil ? 8 : 28) + (bars.limit == nil ? 0 : 20) }

    var lines: [String] {
        let values = bars.bars.flatMap { [$0.end] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) }
        let scaling = Scaling(bars.axis, values: values + (bars.limit.map { [$0.value] } ?? []))
        let count = Double(bars.bars.count)
        // Cells of one row have one height; a panel with fewer bars keeps theirs as thick.
        let spare = cell.height - Self.surroundings(of: bars) - count * Self.pitch
        return Script.reset
            + cell.margins(left: Self.sides.left, right: Self.sides.right, top: Self.top(of: bars), bottom: Self.bottom + spare)
            + cell.title(bars.title)
            + [
                bars.axis.scale == .logarithmic ? "set logscale x" : "unset logscale x",
                "set xrange [\(scaling.range.lowerBound):\(scaling.range.upperBound)]", "set yrange [\(count - 0.5):-0.5]",
                Script.ticks("x", scaling.ticks), Script.label("x", bars.axis.label, offset: "0,0.2"),
                Script.ticks("y", names, options: "scale 0"), "unset grid", "set grid xtics \(Script.color(.grid)) lt 1 lw 1",
            ] + limit + figures + plot(from: scaling.range.lowerBound)
    }

    private var names: [Tick] {
        bars.bars.enumerated().map { Tick(value: Double($0), label: ContenderStyle.displayName($1.contender)) }
    }

    private var limit: [String] {
        guard let limit = bars.limit else { return [] }
        return [
            "set arrow from \(limit.value),graph 0 to \(limit.value),graph 1 nohead front \(Script.color(.text)) lw 1.5 dt (5,3)",
            "set label \(Script.quote(limit.label)) at \(limit.value),graph 1 center offset 0,0.6 tc rgb '\(Ink.text.standIn)'",
        ]
    }

    /// Behind the end of the bar, or of the whisker that reaches further.
    private var figures: [String] {
        bars.bars.enumerated().map { place, bar in
            let end = max(bar.end, bar.interval?.upperBound ?? 0)
            return "set label \(Script.quote(bar.label)) at \(end),\(place) left offset 0.7,0 front tc rgb '\(Ink.text.standIn)'"
        }
    }

    private func plot(from base: Double) -> [String] {
        var blocks: [String] = []
        var parts: [String] = []
        for (place, bar) in bars.bars.enumerated() {
            let color = Script.color(ContenderStyle(bar.contender).ink)
            var start = base
            for (part, length) in bar.parts.enumerated() {
                let end = part == 0 ? length : start + length
                let block = "bar\(place)part\(part)"
                blocks += Script.block(block, Self.box(from: start, to: end, at: Double(place)))
                parts.append(
                    part == 0
                        ? "$\(block) using 1:2 with filledcurves closed fs solid \(color)" : "$\(block) using 1:2 with lines \(color) lw 2")
                start = end
            }
            if let interval = bar.interval {
                let whisker = [[interval.lowerBound, Double(place)], [interval.upperBound, Double(place)]]
                blocks += Script.block("whisker\(place)", whisker)
                parts.append("$whisker\(place) using 1:2 with linespoints \(Script.color(.text)) lw 1.25 dt solid pt 1 ps 0.4")
            }
        }
        return blocks + ["plot " + parts.joined(separator: ", ")]
    }

    private static func box(from start: Double, to end: Double, at place: Double) -> [[Double]] {
        [[start, place - 0.3], [end, place - 0.3], [end, place + 0.3], [start, place + 0.3], [start, place - 0.3]]
    }
}
