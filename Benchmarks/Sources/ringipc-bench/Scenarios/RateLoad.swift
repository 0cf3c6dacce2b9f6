/// What an open loop offers, whatever is achieved.
struct RateLoad: Hashable, Sendable {
    enum Schedule: String, CaseIterable, Sendable {
        /// The same time from each message to the next.
        case fixed
        /// Independent arrivals: exponential times between them.
        case poisson
    }

    enum Direction: String, CaseIterable, Sendable {
        case oneWay = "one-way"
        case roundTrip = "round-trip"
    }

    var perSecond: Double
    var schedule = Schedule.fixed
    var direction = Direction.oneWay
    var seconds = 1.0
    /// Of the Poisson schedule.
    var seed: UInt64 = 1

    /// The messages that are due in the time.
    var count: Int { max(1, Int(perSecond * seconds)) }

    /// The options of the command that measures it.
    var arguments: [String] {
        [
            "--rate", "\(perSecond)", "--schedule", schedule.rawValue, "--direction", direction.rawValue, "--seconds", "\(seconds)",
            "--seed", "\(seed)",
        ]
    }

    /// Its client spins: on a shared CPU the server would wait for the end of its time slice.
    func check(_ cpus: CPUPair) throws {
        if cpus.isOneCPU { throw BenchmarkFailure("an open loop needs a CPU for each process, see --pin") }
    }
}
