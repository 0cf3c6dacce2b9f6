internal import Glibc

/// When the messages of an open loop are due, in nanoseconds from the start.
struct Schedule {
    private let interval: Double
    private let kind: RateLoad.Schedule
    private var random: SeededRandom
    private var offset = 0.0

    init(_ load: RateLoad) {
        interval = 1e9 / load.perSecond
        kind = load.schedule
        random = SeededRandom(seed: load.seed)
    }

    /// Of the next message. The first one of a fixed schedule is due at once.
    mutating func next() -> UInt64 {
        switch kind {
        case .fixed:
            defer { offset += interval }
            return UInt64(offset)
        case .poisson:
            // Independent arrivals have exponential times between them. The 53 bits of a Double, and never 0.
            let share = (Double(random.next() >> 11) + 1) * 0x1p-53
            offset -= log(share) * interval
            return UInt64(offset)
        }
    }
}
