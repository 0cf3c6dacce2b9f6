/// Messages that go before the measured ones until times are steady: the medians of two windows that follow each other differ by less
/// than one in twenty. At least as many as were asked for, in two windows; at most ten times as many, where it never settles. For
/// scenarios whose client alone decides when its next message leaves; where both sides count down to the same number or messages have
/// a schedule, the number that was asked for is what is sent.
struct WarmUp {
    private let windowLength: Int
    private let longest: Int
    private var window: [UInt64] = []
    private var previousMedian: UInt64?
    private var count = 0
    private(set) var isOver: Bool

    /// - Parameter least: 0 for none at all.
    init(least: Int) {
        windowLength = max(1, least / 2)
        longest = 10 * least
        isOver = least == 0
        window.reserveCapacity(windowLength)
    }

    mutating func record(nanoseconds: UInt64) {
        count += 1
        window.append(nanoseconds)
        guard window.count == windowLength else { return }
        let median = window.sorted()[windowLength / 2]
        let isSteady = previousMedian.map { 20 * max($0, median) < 21 * min($0, median) } ?? false
        isOver = isOver || isSteady || count >= longest
        previousMedian = median
        window.removeAll(keepingCapacity: true)
    }
}
