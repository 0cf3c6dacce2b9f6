import Testing

@testable import ringipc_bench

@Suite struct SpreadTests {
    @Test func `the median of an odd number of trials is the middle one`() throws {
        let spread = try #require(Spread([5, 1, 3]))
        #expect(spread.median == 3)
        #expect(spread.minimum == 1)
        #expect(spread.maximum == 5)
    }

    @Test func `the median of an even number of trials lies between the two in the middle`() {
        #expect(Spread([4, 1, 3, 2])?.median == 2.5)
    }

    @Test func `there is no spread of nothing`() { #expect(Spread([]) == nil) }

    @Test func `ratios are taken trial by trial`() {
        // Both sides double in the second trial: the ratio does not move.
        #expect(Spread(ratiosOf: [10, 20, 9], to: [5, 10, 4.5]) == Spread([2, 2, 2]))
    }

    @Test func `a ratio to nothing is left out`() { #expect(Spread(ratiosOf: [1, 2], to: [0, 1]) == Spread([2])) }

    /// Trials; rank of the order statistics; coverage, from the binomial distribution with one half.
    @Test(arguments: [(5, 1, 0.9375), (7, 1, 0.984375), (8, 1, 0.9921875), (9, 2, 0.9609375), (15, 4, 0.96484375)])
    func `the interval of the median is an exact one`(trials: Int, rank: Int, coverage: Double) throws {
        let spread = try #require(Spread((1...trials).reversed().map(Double.init)))
        #expect(spread.low == Double(rank))
        #expect(spread.high == Double(trials + 1 - rank))
        #expect(abs(spread.coverage - coverage) < 1e-9)
    }

    @Test func `one trial says nothing of its spread`() throws {
        let spread = try #require(Spread([3]))
        #expect(spread.low == 3 && spread.high == 3 && spread.coverage == 0)
    }
}
