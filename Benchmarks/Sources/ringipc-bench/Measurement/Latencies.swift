internal import Histogram

/// Times, kept to three significant digits in the buckets of an HdrHistogram.
struct Latencies {
    private static let longest: UInt64 = 60_000_000_000

    private var histogram = Histogram<UInt64>(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)

    mutating func record(nanoseconds: UInt64) { _ = histogram.record(min(nanoseconds, Self.longest)) }

    var count: Int { Int(histogram.totalCount) }

    /// `nil` when nothing was recorded.
    var summary: RoundTripTimes? {
        guard count > 0 else { return nil }
        return RoundTripTimes(
            min: Int(histogram.min),
            p50: Int(histogram.valueAtPercentile(50)),
            p90: Int(histogram.valueAtPercentile(90)),
            p99: Int(histogram.valueAtPercentile(99)),
            p99_9: Int(histogram.valueAtPercentile(99.9)),
            max: Int(histogram.max))
    }

    /// As HdrHistogram writes percentile distributions and its plotters read them, in microseconds.
    var percentileDistribution: String {
        var text = ""
        histogram.outputPercentileDistribution(to: &text, outputValueUnitScalingRatio: 1000)
        return text
    }

    /// The buckets that are not empty, as `value:count`, separated by spaces; the value is the highest of the bucket.
    var exported: String { histogram.recordedValues().map { "\($0.value):\($0.count)" }.joined(separator: " ") }

    /// Adds what another process has exported.
    mutating func merge(_ exported: String) throws {
        for bucket in exported.split(separator: " ") {
            let parts = bucket.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let value = UInt64(parts[0]), let count = UInt64(parts[1]) else {
                throw BenchmarkFailure("'\(bucket)' is no bucket of a histogram")
            }
            _ = histogram.record(min(value, Self.longest), count: count)
        }
    }
}
