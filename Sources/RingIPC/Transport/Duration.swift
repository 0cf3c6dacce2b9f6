extension Duration {
    /// Cut at what 64 bits can hold: 292 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }

    /// So that the shortest duration is still a wait.
    var nanosecondsRoundedUp: Int64 {
        let (cut, isExact) = (nanoseconds, components.attoseconds % 1_000_000_000 == 0)
        return isExact || cut == .max ? cut : cut + 1
    }

    /// The time so long after `now`; for ever when that is beyond what 64 bits can hold.
    package func after(_ now: Int64) -> Int64 {
        let (time, overflow) = now.addingReportingOverflow(max(0, nanoseconds))
        return overflow ? .max : time
    }
}
