internal import Glibc

/// Curves with their names at their ends.
struct CurvesScript {
    let curves: Curves
    let cell: Cell

    private static let nameHeight = 16.0
    private static let surroundings = (left: 76.0, top: 32.0, bottom: 60.0)
    private static let roomForNames = 104.0

    var lines: [String] {
        let points = curves.series.flatMap(\.points)
        let x = Scaling(curves.x, values: points.map(\.x))
        let y = Scaling(curves.y, values: points.map(\.y), range: curves.yRange)
        let around = Self.surroundings
        return Script.reset
            + cell.margins(left: around.left, right: curves.hasNames ? Self.roomForNames : 16, top: around.top, bottom: around.bottom)
            + cell.title(curves.title)
            + axis("x", curves.x, x, offset: "0,0.2") + axis("y", curves.y, y, offset: "0.3,0")
            + ["set grid xtics ytics \(Script.color(.grid)) lt 1 lw 1"]
            + (curves.hasNames ? names(x: x, y: y) : [])
            + plot
    }

    private func axis(_ name: String, _ axis: Axis, _ scaling: Scaling, offset: String) -> [String] {
        [
            axis.scale == .logarithmic ? "set logscale \(name)" : "unset logscale \(name)",
            "set \(name)range [\(scaling.range.lowerBound):\(scaling.range.upperBound)]",
            Script.ticks(name, scaling.ticks), Script.label(name, axis.label, offset: offset),
        ]
    }

    private var plot: [String] {
        var blocks: [String] = []
        var parts: [String] = []
        for (place, series) in curves.series.enumerated() {
            let style = ContenderStyle(series.contender)
            blocks += Script.block("line\(place)", series.points.map { [$0.x, $0.y] })
            blocks += Script.block("mark\(place)", series.marks.map { [$0.x, $0.y] })
            let color = Script.color(style.ink)
            parts.append("$line\(place) using 1:2 with lines \(color) lw \(style.width) \(Script.dashes(style.dashes))")
            parts.append("$mark\(place) using 1:2 with points \(color) lw 1.5 pt \(style.symbol) ps 0.75")
        }
        return blocks + ["plot " + parts.joined(separator: ", ")]
    }

    /// Each name stands as near to the end of its curve as the others allow, and a piece of the curve's own line leads there.
    private func names(x: Scaling, y: Scaling) -> [String] {
        let ends = curves.series.compactMap { series in series.points.last.map { (series.contender, $0) } }
        let height = cell.height - Self.surroundings.top - Self.surroundings.bottom
        let places = Self.spread(ends.map { place($0.1.y, in: y) }, apart: Self.nameHeight / height)
        return zip(ends, places).flatMap { end, place in
            let (contender, point) = end
            let style = ContenderStyle(contender)
            let name = Script.quote(ContenderStyle.displayName(contender))
            let color = Script.color(style.ink)
            return [
                "set arrow from first \(point.x),\(point.y) to graph 1.03,\(place) nohead \(color) lw 0.75 dt (1,2)",
                "set label \(name) at graph 1.03,\(place) left offset 0.9,0 tc rgb '\(Ink.text.standIn)' "
                    + "point pt \(style.symbol) ps 0.75 lw 1.5 \(color)",
            ]
        }
    }

    /// In shares of the height.
    private func place(_ value: Double, in scaling: Scaling) -> Double {
        let (low, high) = (scaling.range.lowerBound, scaling.range.upperBound)
        let share = curves.y.scale == .logarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
        return min(max(share, 0), 1)
    }

    /// Moves places up and down until they do not touch, in their order.
    static func spread(_ places: [Double], apart: Double) -> [Double] {
        let order = places.indices.sorted { places[$0] < places[$1] }
        var result = places
        for (lower, upper) in zip(order, order.dropFirst()) { result[upper] = max(result[upper], result[lower] + apart) }
        if let last = order.last { result[last] = min(result[last], 1) }
        for (upper, lower) in zip(order.reversed(), order.reversed().dropFirst()) {
            result[lower] = min(result[lower], result[upper] - apart)
        }
        return result
    }
}
