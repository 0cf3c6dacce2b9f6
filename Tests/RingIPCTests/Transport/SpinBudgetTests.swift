import Testing

@testable import RingIPC

@Suite struct SpinBudgetTests {
    private static let spin: Int64 = 50_000

    @Test func `a busy connection keeps spinning`() {
        var budget = SpinBudget(.adaptive)
        for _ in 0..<1_000 {
            #expect(budget.allowance == Self.spin)
            budget.spinSucceeded()
        }
    }

    @Test func `an idle connection spins once and then sleeps, however long it is idle`() {
        var budget = SpinBudget(.adaptive)
        #expect(budget.allowance == Self.spin)
        budget.spinFailed()
        for _ in 0..<10_000 {
            #expect(budget.allowance == 0)
            budget.slept(nanoseconds: 1_000_000_000)
        }
    }

    @Test func `a connection that gets busy again spins again, after a few short sleeps`() {
        var budget = SpinBudget(.adaptive)
        budget.spinFailed()
        budget.slept(nanoseconds: 60_000_000_000)
        var sleeps = 0
        while budget.allowance == 0, sleeps < 100 {
            budget.slept(nanoseconds: 20_000)
            sleeps += 1
        }
        #expect(sleeps == 4)
    }

    @Test func `two processes on one CPU spin less and less`() {
        // The peer answers quickly, but only while we sleep: every sleep is short and every spin is for nothing.
        var budget = SpinBudget(.adaptive)
        var shares: [Double] = []
        for _ in 0..<6 {
            var spins = 0
            for _ in 0..<4_000 {
                if budget.allowance > 0 {
                    spins += 1
                    budget.spinFailed()
                } else {
                    budget.slept(nanoseconds: 10_000)
                }
            }
            shares.append(Double(spins) / 4_000)
        }
        #expect(shares[0] < 0.005 && shares[0] > shares[2], "\(shares)")
        #expect(shares.last! <= 0.001, "\(shares)")
    }

    @Test func `a spin that finds something makes the next try come sooner again`() {
        var budget = SpinBudget(.adaptive)
        for _ in 0..<5 {
            budget.spinFailed()
            while budget.allowance == 0 { budget.slept(nanoseconds: 1) }
        }
        budget.spinSucceeded()
        budget.spinFailed()
        for _ in 0..<4 {
            #expect(budget.allowance == 0)
            budget.slept(nanoseconds: 1)
        }
        #expect(budget.allowance == Self.spin)
    }

    @Test func `block never spins and spin never stops`() {
        var block = SpinBudget(.block)
        var nothing = SpinBudget(.adaptive(maximumSpin: .zero))
        var negative = SpinBudget(.adaptive(maximumSpin: .seconds(-1)))
        for _ in 0..<100 {
            block.slept(nanoseconds: 1)
            nothing.slept(nanoseconds: 0)
            negative.slept(nanoseconds: 0)
        }
        #expect(block.allowance == 0 && nothing.allowance == 0 && negative.allowance == 0)
        var spin = SpinBudget(.spin)
        spin.spinSucceeded()
        #expect(spin.allowance == .max)
    }

    @Test(arguments: [Duration.seconds(Int64.max), .nanoseconds(Int64.max), .nanoseconds(Int64.max - 1), .nanoseconds(Int64.max / 2 + 1)])
    func `a spin that is longer than any clock is a spin for ever`(_ spin: Duration) {
        var budget = SpinBudget(.adaptive(maximumSpin: spin))
        // Anything less would be added to the time of day, and overflow.
        #expect(budget.allowance == .max)
        budget.spinFailed()
        for _ in 0..<4 { budget.slept(nanoseconds: 1) }
        #expect(budget.allowance == .max)
    }

    @Test func `durations are cut at what 64 bits of nanoseconds hold`() {
        let cases: [(Duration, Int64)] = [
            (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(-3), -3_000_000), (.seconds(2) + .nanoseconds(5), 2_000_000_005),
            (.seconds(Int64.max), .max), (.seconds(Int64.min), .min), (.nanoseconds(Int64.max), .max),
            (.seconds(9_223_372_036) + .nanoseconds(854_775_808), .max), (.nanoseconds(Int64.min), .min),
        ]
        for (duration, nanoseconds) in cases { #expect(duration.nanoseconds == nanoseconds, "\(duration)") }
    }
}
