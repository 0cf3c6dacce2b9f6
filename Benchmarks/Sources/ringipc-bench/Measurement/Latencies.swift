internal import Histogram

/// Times, kept to three significant digits in the buckets of an HdrHistogram.
struct Latencies {
    private static let longest: UInt64 = 60_000_000_000

    /// How often each time below some microseconds came. The library takes a hundred instructions to find a bucket, and a time is taken down
    /// between two round trips: that would be a part of the next one.
    private var shortCounts = InlineArray<8192, UInt64>(repeating: 0)
    private var bucketed = Histogram<UInt64>(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)

    @inline(__always)
    mutating func record(nanoseconds: UInt64) {
        if nanoseconds < UInt64(shortCounts.count) {
            shortCounts[Int(nanoseconds)] &+= 1
        } else {
            recordInBucket(nanoseconds, count: 1)
        }
    }

    @inline(never)
    private mutating func recordInBucket(_ nanoseconds: UInt64, count: UInt64) {
        _ = bucketed.record(min(nanoseconds, Self.longest), count: count)
    }

    /// All of them.
    private var histogram: Histogram<UInt64> {
        var all = bucketed
        for time in shortCounts.indices where shortCounts[time] > 0 { _ = all.record(UInt64(time), count: shortCounts[time]) }
        return all
    }

    var count: Int { Int(bucketed.totalCount) + shortCounts.indices.reduce(0) { $0 + Int(shortCounts[$1]) } }

    /// `nil` when nothing was recorded.
    var summary: RoundTripTimes? {
        let histogram = histogram
        guard histogram.totalCount > 0 else { return nil }
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
            recordInBucket(value, count: count)
        }
    }
}
