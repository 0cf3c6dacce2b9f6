import Testing

@testable import ringipc_bench

@Suite struct RatioIntervalTests {
    /// From the printed tables of the Mann-Whitney test: for seven and seven trials U = 8 is the greatest that 2.5 % allow, and 65 of the
    /// 3432 orders give at most 8.
    @Test func `the interval for seven and seven trials is the ninth and the forty-first ratio`() throws {
        let first: [Double] = (0..<7).map { 100 + Double($0) }
        let second: [Double] = (0..<7).map { 1 + Double($0) * 0.01 }
        let ratios = try #require(RatioInterval(of: first, to: second))
        let all = first.flatMap { own in second.map { own / $0 } }.sorted()
        #expect(ratios.low == all[8])
        #expect(ratios.high == all[40])
        #expect(ratios.ratio == all[24])
        #expect(abs(ratios.coverage - (1 - 2 * 65.0 / 3432)) < 1e-12)
    }

    /// Counted here by going through all orders.
    @Test(arguments: [(1, 1), (2, 3), (4, 4), (3, 5), (5, 2)])
    func `the recursion counts what there is`(first: Int, second: Int) {
        var counts = [Double](repeating: 0, count: first * second + 1)
        for order in 0..<(1 << (first + second)) where order.nonzeroBitCount == first {
            var below = 0
            var pairs = 0
            for place in 0..<(first + second) {
                if order >> place & 1 == 1 { pairs += below } else { below += 1 }
            }
            counts[pairs] += 1
        }
        #expect(RatioInterval.arrangements(first, second) == counts)
    }

    @Test func `three and three trials give the outermost ratios, and say how little that is`() throws {
        let ratios = try #require(RatioInterval(of: [2, 4, 6], to: [1, 2, 3]))
        #expect(ratios.low == 2.0 / 3 && ratios.high == 6)
        #expect(abs(ratios.coverage - 0.9) < 1e-12)
    }

    @Test func `there is no ratio to nothing`() {
        #expect(RatioInterval(of: [], to: [1]) == nil)
        #expect(RatioInterval(of: [1], to: []) == nil)
        #expect(RatioInterval(of: [1], to: [0]) == nil)
    }
}
