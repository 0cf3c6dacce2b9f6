/// A picture in gnuplot's language. Every place is given in pixels of the drawing, so that nothing is left to guesses about letters.
struct PlotScript {
    let picture: Picture
    let layout: Layout
    /// A prefix of all names in the drawing.
    let name: String

    var text: String {
        let columns = layout.columns(picture.panels.count)
        let rows = (picture.panels.count + columns - 1) / columns
        let heights = (0..<rows).map { row in
            picture.panels[(row * columns)..<min((row + 1) * columns, picture.panels.count)].map(height).max() ?? 0
        }
        let total = heights.reduce(0, +)
        var lines = [
            "set terminal svg size \(Int(layout.width)),\(Int(total)) dynamic noenhanced font 'sans-serif,13' name '\(prefix)'",
            "set encoding utf8", "set multiplot", "unset key",
        ]
        for (place, panel) in picture.panels.enumerated() {
            let width = layout.width / Double(columns)
            let row = place / columns
            let cell = Cell(
                left: width * Double(place % columns), top: heights[..<row].reduce(0, +), width: width, height: heights[row],
                drawing: (layout.width, total))
            switch panel {
            case .curves(let curves): lines += CurvesScript(curves: curves, cell: cell).lines
            case .bars(let bars): lines += BarsScript(bars: bars, cell: cell).lines
            }
        }
        return (lines + ["unset multiplot"]).joined(separator: "\n") + "\n"
    }

    private var prefix: String { name.replacing("-", with: "_") }

    private func height(_ panel: Panel) -> Double {
        switch panel {
        case .curves: layout == .wide ? 400 : 340
        case .bars(let bars): Double(bars.bars.count) * BarsScript.pitch + BarsScript.surroundings(of: bars)
        }
    }
}

/// A panel's part of the drawing, in pixels from the upper left corner.
struct Cell {
    let left: Double
    let top: Double
    let width: Double
    let height: Double
    let drawing: (width: Double, height: Double)

    /// The box that the axes enclose; gnuplot counts from the lower left corner, in shares of the drawing.
    func margins(left: Double, right: Double, top: Double, bottom: Double) -> [String] {
        [
            "set lmargin at screen \((self.left + left) / drawing.width)",
            "set rmargin at screen \((self.left + width - right) / drawing.width)",
            "set tmargin at screen \(1 - (self.top + top) / drawing.height)",
            "set bmargin at screen \(1 - (self.top + height - bottom) / drawing.height)",
        ]
    }

    func title(_ title: String?) -> [String] {
        guard let title else { return [] }
        let (x, y) = ((left + 8) / drawing.width, 1 - (top + 14) / drawing.height)
        return ["set label \(Script.quote(title)) at screen \(x),\(y) left tc rgb '\(Ink.text.standIn)'"]
    }
}

/// Words of gnuplot's language.
enum Script {
    /// Between single quotes only the quote itself has a meaning.
    static func quote(_ text: String) -> String { "'" + text.singleLine.replacing("'", with: "''") + "'" }

    static func color(_ ink: Ink) -> String { "lc rgb '\(ink.standIn)'" }

    static func dashes(_ lengths: [Int]) -> String {
        lengths.isEmpty ? "dt solid" : "dt (\(lengths.map(String.init).joined(separator: ",")))"
    }

    static func block(_ name: String, _ rows: [[Double]]) -> [String] {
        ["$\(name) << EOD"] + rows.map { $0.map { "\($0)" }.joined(separator: " ") } + ["EOD"]
    }

    /// A clean slate for the next panel, with what all have in common.
    static let reset = [
        "unset label", "unset arrow", "unset logscale", "unset xlabel", "unset ylabel", "unset xtics", "unset ytics", "unset mxtics",
        "unset mytics", "set border 3 \(color(.muted))",
    ]

    /// What is written at a tick is a format for its value.
    static func ticks(_ axis: String, _ ticks: [Tick], options: String = "") -> String {
        let list = ticks.map { "\(quote($0.label.replacing("%", with: "%%"))) \($0.value)" }.joined(separator: ", ")
        return "set \(axis)tics nomirror \(options) (\(list)) tc rgb '\(Ink.text.standIn)'"
    }

    static func label(_ axis: String, _ text: String, offset: String) -> String {
        "set \(axis)label \(quote(text)) offset \(offset) tc rgb '\(Ink.muted.standIn)'"
    }
}
