internal import CBenchmark

/// Says what is being measured, how far the run is and how long it will still take: on a terminal one line that changes, elsewhere a
/// line for each case.
struct Progress {
    /// Of the whole run, as it was estimated.
    private var total: Double
    private var done = 0.0
    private let start = bench_monotonic_nanoseconds()
    private let isTerminal: Bool
    private var title = ""

    /// Before that much has been seen, an estimate is better than a measurement of it.
    private static let enough = 3.0

    init(seconds: Double, isTerminal: Bool = StandardError.isTerminal) {
        total = seconds
        self.isTerminal = isTerminal
    }

    mutating func show(_ step: String, in title: String) {
        let isNew = title != self.title
        self.title = title
        if isTerminal {
            StandardError.write(Self.rewriting("\(state) \(title) · \(step)"))
        } else if isNew {
            StandardError.line("\(state) \(title)")
        }
    }

    /// What was estimated to take so many seconds has been done.
    mutating func advance(by seconds: Double) { done += seconds }

    /// It will not be done.
    mutating func skip(_ seconds: Double) { total = max(done, total - seconds) }

    func end() { if isTerminal { StandardError.write(Self.rewriting("")) } }

    private var state: String {
        let elapsed = Double(bench_monotonic_nanoseconds() - start) / 1e9
        return Self.state(done: done, of: total, elapsed: elapsed)
    }

    /// The estimates are scaled by what they were off so far.
    static func state(done: Double, of total: Double, elapsed: Double) -> String {
        let scale = done >= enough ? elapsed / done : 1
        let share = total > 0 ? Int((100 * done / total).rounded(.down)) : 100
        return "[\(share) %, \(duration((total - done) * scale)) left]"
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = max(0, Int(seconds.rounded(.up)))
        return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
    }

    /// Carriage return, then "erase to the end of the line" (ECMA-48).
    private static func rewriting(_ text: String) -> String { "\r\u{1B}[K\(text)" }
}
