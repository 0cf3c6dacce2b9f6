/// How much greater one sample is than another, whatever their distribution: the median of all ratios between the two, with the
/// interval that goes with the Mann-Whitney test (Hodges and Lehmann, 1963; Hollander, Wolfe and Chicken, Nonparametric Statistical
/// Methods, 2014, section 4.3).
struct RatioInterval: Equatable {
    let ratio: Double
    let low: Double
    let high: Double
    /// How often such an interval holds the true ratio.
    let coverage: Double

    static let wantedCoverage = 0.95

    /// Both samples positive; `nil` where one is empty.
    init?(of numerators: [Double], to denominators: [Double]) {
        let ratios = numerators.flatMap { own in denominators.map { own / $0 } }.sorted()
        guard !ratios.isEmpty, ratios.allSatisfy(\.isFinite) else { return nil }
        let middle = ratios.count / 2
        ratio = ratios.count.isMultiple(of: 2) ? (ratios[middle - 1] + ratios[middle]) / 2 : ratios[middle]
        let tail = Self.tail(numerators.count, denominators.count)
        low = ratios[tail.rank - 1]
        high = ratios[ratios.count - tail.rank]
        coverage = tail.coverage
    }

    /// The innermost pair of ratios, counted from both ends, that holds the true one often enough; the outermost pair where none does.
    private static func tail(_ first: Int, _ second: Int) -> (rank: Int, coverage: Double) {
        let counts = arrangements(first, second)
        let all = counts.reduce(0, +)
        var below = counts[0]
        var best = (rank: 1, coverage: max(0, 1 - 2 * below / all))
        for rank in 2...max(2, (first * second + 1) / 2) where rank <= counts.count {
            below += counts[rank - 1]
            let coverage = 1 - 2 * below / all
            guard coverage >= wantedCoverage else { break }
            best = (rank, coverage)
        }
        return best
    }

    /// For each value of the statistic U, 0 to `first * second`, the orders of two samples that give it. The greatest of all values
    /// belongs to the first sample, and is then above all of the second, or it belongs to the second (Mann and Whitney, 1947).
    static func arrangements(_ first: Int, _ second: Int) -> [Double] {
        var shorter = [[Double]](repeating: [1], count: second + 1)
        for own in 1...max(1, first) where first > 0 {
            var row: [[Double]] = [[1]]
            for other in 1...max(1, second) where second > 0 {
                var counts = [Double](repeating: 0, count: own * other + 1)
                for (value, count) in shorter[other].enumerated() { counts[value + other] += count }
                for (value, count) in row[other - 1].enumerated() { counts[value] += count }
                row.append(counts)
            }
            shorter = row
        }
        return shorter[second]
    }
}
