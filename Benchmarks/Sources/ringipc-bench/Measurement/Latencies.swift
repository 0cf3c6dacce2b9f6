internal import Histogram

/// Times of round trips, kept to three significant digits.
struct Latencies {
    private var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)

    mutating func record(nanoseconds: UInt64) { _ = histogram.record(nanoseconds) }

    var summary: RoundTripTimes {
        RoundTripTimes(
            min: Int(histogram.min),
            p50: Int(histogram.valueAtPercentile(50)),
            p90: Int(histogram.valueAtPercentile(90)),
            p99: Int(histogram.valueAtPercentile(99)),
            p99_9: Int(histogram.valueAtPercentile(99.9)),
            max: Int(histogram.max))
    }
}
