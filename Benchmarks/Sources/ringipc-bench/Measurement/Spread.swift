internal import Glibc

/// The median of several trials, with what is known of the true one. A mean would let one disturbed trial speak for all.
struct Spread: Equatable {
    let median: Double
    let minimum: Double
    let maximum: Double
    /// An interval that holds the true median, whatever the distribution of the trials; see ``coverage``.
    let low: Double
    let high: Double
    /// How often such an interval holds it.
    let coverage: Double

    /// Enough for an interval, where there are trials enough for one.
    private static let wantedCoverage = 0.95

    /// `nil` without values.
    init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        minimum = sorted[0]
        maximum = sorted[sorted.count - 1]
        let rank = Self.rank(of: sorted.count)
        low = sorted[rank - 1]
        high = sorted[sorted.count - rank]
        coverage = Self.coverage(rank: rank, of: sorted.count)
    }

    /// Of the ratios trial by trial: what drifts between trials hits both sides of each ratio and cancels out.
    init?(ratiosOf numerators: [Double], to denominators: [Double]) {
        self.init(zip(numerators, denominators).filter { $0.1 > 0 }.map { $0.0 / $0.1 })
    }

    /// The innermost pair of order statistics, counted from both ends, that holds the median often enough; the outermost pair
    /// where none does. Seven trials: the least and the greatest, 98.4 %.
    private static func rank(of count: Int) -> Int {
        var rank = 1
        while 2 * (rank + 1) <= count, coverage(rank: rank + 1, of: count) >= wantedCoverage { rank += 1 }
        return rank
    }

    /// Each trial lies below the true median with probability one half, so that the number of those below is binomial (David and
    /// Nagaraja, Order Statistics, 2003, section 7.1).
    static func coverage(rank: Int, of count: Int) -> Double {
        let logarithmOfAll = Double(count) * log(0.5)
        let outside = (0..<rank).map { below in
            exp(lgamma(Double(count + 1)) - lgamma(Double(below + 1)) - lgamma(Double(count - below + 1)) + logarithmOfAll)
        }
        return max(0, 1 - 2 * outside.reduce(0, +))
    }
}
