internal import Glibc

/// Where an axis begins and ends, and what is written on it.
struct Scaling {
    let range: ClosedRange<Double>
    let ticks: [Tick]

    init(_ axis: Axis, values: [Double], range given: ClosedRange<Double>? = nil) {
        let usable = axis.scale == .logarithmic ? values.filter { $0 > 0 } : values
        let least = given?.lowerBound ?? usable.min() ?? 1
        let greatest = given?.upperBound ?? usable.max() ?? 10
        switch axis.scale {
        case .linear:
            let step = Self.round(above: max(greatest, 1e-9) / 5)
            let top = (greatest / step).rounded(.up) * step
            range = 0...max(top, step)
            let values = stride(from: 0, through: range.upperBound + step / 2, by: step)
            ticks = axis.ticks ?? values.map { Tick(value: $0, label: Self.label($0)) }
        case .logarithmic:
            range = axis.ticks == nil ? Self.bracket(least, greatest) : least / 1.15...greatest * 1.15
            ticks = axis.ticks.map { Self.thinned($0, to: axis.mostLabels) } ?? Self.logarithmic(range)
        case .nines:
            range = 0...max(1, greatest)
            let end = range.upperBound + 0.01
            ticks = Percentile.ticks.filter { $0.value <= end }
        }
    }

    /// 1, 2 or 5 with zeros.
    private static func round(above value: Double) -> Double {
        let decade = pow(10, log10(value).rounded(.down))
        return ([1, 2, 5, 10].first { $0 * decade >= value * 0.999 } ?? 10) * decade
    }

    private static func round(below value: Double) -> Double {
        let decade = pow(10, log10(value).rounded(.down))
        return ([5, 2, 1].first { $0 * decade <= value * 1.001 } ?? 1) * decade
    }

    private static func bracket(_ least: Double, _ greatest: Double) -> ClosedRange<Double> {
        let (low, high) = (round(below: least), round(above: greatest))
        return low < high ? low...high : low / 2...high * 2
    }

    /// Decades; between them 2 and 5 where there are few.
    private static func logarithmic(_ range: ClosedRange<Double>) -> [Tick] {
        let decades = log10(range.upperBound / range.lowerBound)
        let steps = decades <= 2 ? [1.0, 2, 5] : [1.0]
        let stepOfDecades = decades > 7 ? 2 : 1
        let first = Int(log10(range.lowerBound).rounded(.down))
        let last = Int(log10(range.upperBound).rounded(.up))
        let values: [Double] = stride(from: first, through: last, by: stepOfDecades).flatMap { exponent in
            steps.map { $0 * pow(10, Double(exponent)) }
        }
        let shown = values.filter { $0 >= range.lowerBound * 0.999 && $0 <= range.upperBound * 1.001 }
        return shown.map { Tick(value: $0, label: label($0)) }
    }

    /// Labels that would run into each other are left out, not their ticks.
    private static func thinned(_ ticks: [Tick], to most: Int) -> [Tick] {
        let step = (ticks.count + most - 1) / most
        return ticks.enumerated().map { place, tick in
            (ticks.count - 1 - place).isMultiple(of: step) ? tick : Tick(value: tick.value, label: "")
        }
    }

    static func label(_ value: Double) -> String {
        switch abs(value) {
        case 0: "0"
        case 1e6...: plain(value / 1e6) + " M"
        case 1e4...: plain(value / 1e3) + " k"
        default: plain(value)
        }
    }

    /// No zeros behind the last digit that says something.
    private static func plain(_ value: Double) -> String {
        var text = Figure.fixed(value, decimals: value >= 100 ? 0 : value >= 1 ? 1 : 4)
        guard text.contains(".") else { return text }
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }
}

/// The axis of percentile curves.
enum Percentile {
    /// 90 % is 1, 99 % is 2, 99.9 % is 3.
    static func nines(_ share: Double) -> Double { -log10(1 - share) }

    static let shown: [(share: Double, label: String)] = [
        (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.9999, "99.99 %"), (0.99999, "99.999 %"),
    ]

    static let ticks = shown.map { Tick(value: nines($0.share), label: $0.label) }
}
