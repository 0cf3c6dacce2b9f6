internal import Histogram

/// The times of all trials of a contender together, as HdrHistogram writes percentile distributions and its plotters read them.
/// Microseconds.
struct PercentileTable {
    private var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)

    private static let nanosecondsPerUnit = 1000.0

    /// Of the undisturbed trials where there are any, else of all. `nil` without times.
    init?(trials: [ScenarioResult]) {
        let undisturbed = trials.filter { $0.disturbances?.isEmpty ?? true }
        for text in (undisturbed.isEmpty ? trials : undisturbed).compactMap(\.histogram) { add(text) }
        guard histogram.totalCount > 0 else { return nil }
    }

    /// - Parameter text: `value:count`, separated by spaces.
    private mutating func add(_ text: String) {
        for bucket in text.split(separator: " ") {
            let parts = bucket.split(separator: ":")
            guard parts.count == 2, let value = UInt64(parts[0]), let count = UInt64(parts[1]) else { continue }
            histogram.record(value, count: count)
        }
    }

    var text: String {
        var text = ""
        histogram.outputPercentileDistribution(to: &text, outputValueUnitScalingRatio: Self.nanosecondsPerUnit)
        return text
    }
}

extension TrialRecord {
    var withoutHistogram: TrialRecord {
        var result = result
        result.histogram = nil
        return TrialRecord(title: title, contender: contender, trial: trial, reference: reference, result: result)
    }
}
