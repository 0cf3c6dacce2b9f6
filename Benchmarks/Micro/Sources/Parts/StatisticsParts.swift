internal import Histogram

extension Part {
    static let statistics: [Part] = [
        Part("statistics: a time recorded in the histogram") { Recording() },
        Part("statistics: the spread of 7 trials") { Spreading() },
    ]
}

private struct Recording: Work {
    private static let times: Range<UInt64> = 10_000..<18_192

    /// As the tool records times.
    private var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)

    mutating func run(_ count: Int) {
        // Jumps about in the range as times do; the step has no factor in common with its width, so each value comes equally often.
        let width = UInt64(Self.times.count)
        for round in 0..<count { _ = histogram.record(Self.times.lowerBound + (UInt64(round) &* 2_741) % width) }
    }

    func check(_ count: Int) throws {
        try require(histogram.totalCount == UInt64(count), "a time was not recorded")
        let middle = Int(Self.times.lowerBound + Self.times.upperBound) / 2
        let error = Int(histogram.valueAtPercentile(50)) - middle
        try require(abs(error) <= middle / 1000, "the median is wrong by \(error) ns")
    }
}

private struct Spreading: Work {
    private var sumOfMedians = 0.0

    mutating func run(_ count: Int) {
        for round in 0..<count {
            let middle = Double(round)
            sumOfMedians += Spread([middle + 3, middle - 1, middle + 1, middle, middle - 3, middle + 2, middle - 2])?.median ?? .nan
        }
    }

    func check(_ count: Int) throws {
        try require(sumOfMedians == Double(sumOfNumbers(below: count)), "a median is wrong")
    }
}
