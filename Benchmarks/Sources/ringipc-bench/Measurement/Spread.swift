/// The median of several trials with its smallest and largest value. A mean would let one disturbed trial speak for all.
struct Spread: Equatable {
    let median: Double
    let minimum: Double
    let maximum: Double

    /// `nil` without values.
    init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        minimum = sorted[0]
        maximum = sorted[sorted.count - 1]
    }

    /// Of the ratios trial by trial: what drifts between trials hits both sides of each ratio and cancels out.
    init?(ratiosOf numerators: [Double], to denominators: [Double]) {
        self.init(zip(numerators, denominators).filter { $0.1 > 0 }.map { $0.0 / $0.1 })
    }
}
