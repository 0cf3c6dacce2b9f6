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
}
