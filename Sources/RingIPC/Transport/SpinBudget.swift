/// How long the next wait may spin, learned from the waits before it.
///
/// Spinning pays when the next message comes before a sleep and its wake-up would be over. It does not pay on an idle
/// connection, and it hurts when the peer needs this very CPU: there the message comes quickly *because* we sleep. So a spin
/// that ended with nothing is remembered; after it, waits sleep, and a spin is only tried again when sleeps turn out short, each
/// time more rarely.
struct SpinBudget {
    let maximum: Int64
    /// Whether the next wait spins.
    private var isSpinning: Bool
    /// Short sleeps still to see before a spin is tried again.
    private var patience = 0
    /// How many of them the next failure will ask for.
    private var nextPatience = Self.firstPatience

    private static let firstPatience = 4
    private static let maximumPatience = 1_024

    init(_ strategy: WaitStrategy) {
        switch strategy {
        case .block, .moderated: maximum = 0
        case .spin: maximum = .max
        // Years are for ever: the end of a spin is a sum with the time of day, which must not overflow.
        case .adaptive(let spin): maximum = spin.nanoseconds > .max / 4 ? .max : max(0, spin.nanoseconds)
        }
        isSpinning = maximum > 0
    }

    /// Nanoseconds that the wait which begins now may spin; `.max` stands for ever.
    var allowance: Int64 { isSpinning ? maximum : 0 }

    /// The spin found what it waited for.
    mutating func spinSucceeded() { nextPatience = Self.firstPatience }

    /// The spin ended with nothing.
    mutating func spinFailed() {
        isSpinning = false
        patience = nextPatience
        nextPatience = min(2 * nextPatience, Self.maximumPatience)
    }

    /// A wait without a spin slept for so long. A sleep counts as short if a spin might have seen its end: the wake-up itself takes
    /// about as long as the spin is meant to save.
    mutating func slept(nanoseconds: Int64) {
        guard maximum > 0, nanoseconds / 2 < maximum else { return }
        patience -= 1
        if patience <= 0 { isSpinning = true }
    }
}
