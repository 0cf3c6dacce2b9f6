import Testing

@testable import ringipc_bench

@Suite struct ScheduleTests {
    private func times(_ load: RateLoad, _ count: Int) -> [UInt64] {
        var schedule = Schedule(load)
        return (0..<count).map { _ in schedule.next() }
    }

    @Test func `a fixed schedule has the same time between messages and does not drift`() {
        let times = times(RateLoad(perSecond: 3_000_000, schedule: .fixed), 3_000_001)
        #expect(times[0] == 0)
        #expect(times[1] == 333)
        #expect((999_999_000...1_000_000_000).contains(times[3_000_000]))
    }

    @Test func `a Poisson schedule is that of its seed`() {
        var load = RateLoad(perSecond: 1000, schedule: .poisson, seed: 7)
        let first = times(load, 100)
        #expect(first == times(load, 100))
        load.seed = 8
        #expect(first != times(load, 100))
    }

    /// Of exponential times the standard deviation is the mean; of 100,000 of them the mean is within 2 % by six standard errors.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a Poisson schedule has the mean and the spread of its kind`(seed: UInt64) {
        let times = times(RateLoad(perSecond: 1000, schedule: .poisson, seed: seed), 100_000)
        let gaps = zip(times.dropFirst(), times).map { Double($0 - $1) }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(gaps.count)
        #expect((980_000...1_020_000).contains(mean))
        #expect((0.95...1.05).contains(variance.squareRoot() / mean))
    }

    @Test func `a load knows its number of messages`() {
        #expect(RateLoad(perSecond: 1000, seconds: 0.5).count == 500)
        #expect(RateLoad(perSecond: 1, seconds: 0.1).count == 1)
    }
}

@Suite struct StampsTests {
    @Test func `slots are used in turn`() throws {
        let stamps = try Stamps()
        stamps[3] = 30
        #expect(stamps[3] == 30)
        #expect(stamps[65_536 + 3] == 30)
        #expect(stamps[4] == 0)
    }

    @Test func `what is no memory is refused`() { #expect(throws: BenchmarkFailure.self) { try Stamps(memory: -1) } }
}

@Suite struct WarmUpTests {
    private func length(least: Int, _ time: (Int) -> UInt64) -> Int {
        var warmUp = WarmUp(least: least)
        var count = 0
        while !warmUp.isOver {
            warmUp.record(nanoseconds: time(count))
            count += 1
        }
        return count
    }

    @Test func `steady times need two windows`() { #expect(length(least: 100) { _ in 1000 } == 100) }

    @Test func `times that fall go on until they settle`() {
        #expect(length(least: 100) { $0 < 200 ? UInt64(10_000 - 40 * $0) : 1000 } == 300)
    }

    @Test func `times that never settle end at ten times the least`() {
        #expect(length(least: 100) { $0 / 50 % 2 == 0 ? 1000 : 2000 } == 1000)
    }

    @Test func `none is none`() { #expect(length(least: 0) { _ in 0 } == 0) }
}

@Suite struct LatenciesTests {
    @Test func `what is exported can be merged`() throws {
        var first = Latencies()
        for nanoseconds in [100, 100, 5000, 1_234_567] as [UInt64] { first.record(nanoseconds: nanoseconds) }
        #expect(first.exported.hasPrefix("100:2 5003:1 "))
        var second = Latencies()
        try second.merge(first.exported)
        #expect(second.exported == first.exported)
        try second.merge(first.exported)
        #expect(second.count == 8)
        #expect(second.summary?.p50 == 100)
    }

    @Test func `nothing has no summary`() { #expect(Latencies().summary == nil) }

    @Test(arguments: ["1", "1:x", ":", "1:2:3"])
    func `what is no bucket is refused`(text: String) {
        #expect(throws: BenchmarkFailure.self) {
            var latencies = Latencies()
            try latencies.merge(text)
        }
    }
}
