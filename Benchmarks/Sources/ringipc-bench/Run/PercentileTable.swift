/// The times of all trials of a contender together.
struct PercentileTable {
    private var latencies = Latencies()

    /// Of the undisturbed trials where there are any, else of all. `nil` without times.
    init?(trials: [ScenarioResult]) throws {
        let undisturbed = trials.filter { $0.disturbances?.isEmpty ?? true }
        for exported in (undisturbed.isEmpty ? trials : undisturbed).compactMap(\.histogram) { try latencies.merge(exported) }
        guard latencies.count > 0 else { return nil }
    }

    var text: String { latencies.percentileDistribution }
}

extension TrialRecord {
    var withoutHistogram: TrialRecord {
        var result = result
        result.histogram = nil
        return TrialRecord(title: title, contender: contender, trial: trial, reference: reference, result: result)
    }
}
