// Why no wake-up is lost. The sleeper stores its sleeping word, fences, and looks at the positions once more; the other side stores a
// position, fences, and looks at the sleeping word. The fences are in one order, and whichever side's is second sees what the other stored
// before the first: either the sleeper sees the position and does not sleep, or the other side sees the word and rings. Pair SLEEP.

/// What a side waits for.
@usableFromInline
struct SleepReasons: OptionSet, Sendable {
    @usableFromInline let rawValue: UInt64

    @inlinable
    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Frames to read.
    @inlinable static var data: SleepReasons { SleepReasons(rawValue: 1) }
    /// Room to write.
    @inlinable static var room: SleepReasons { SleepReasons(rawValue: 2) }
}

/// This side's sleeping word: the reasons of a sleep in the lowest two bits, none while awake, and above them the number of the sleep.
///
/// The number lets the other side ring once for each sleep, however often it publishes before the sleeper has come round.
@usableFromInline
struct Sleeper<Words: LaneWords> {
    @usableFromInline let words: Words
    @usableFromInline var number: UInt64 = 0

    @inlinable
    init(words: Words) { self.words = words }

    /// Announces a sleep. Before it, everything written is published and everything read is given back: the peer could wait for it. Afterwards
    /// the caller looks for what it waits for once more, at the peer's positions, and sleeps only if it is still not there: until the
    /// doorbell, or the end of the peer. It calls ``wakeUp()`` in either case.
    @inlinable
    mutating func announce(_ reasons: SleepReasons) {
        number &+= 4
        words.storeRelaxed(number | reasons.rawValue, to: .sleeping)
        words.fence()  // pair SLEEP
    }

    /// No doorbell is needed any more. One that is already under way ends the next sleep early and costs one more look.
    @inlinable
    mutating func wakeUp() { words.storeRelaxed(number, to: .sleeping) }
}

/// The decision to ring the peer.
@usableFromInline
struct Doorbell<Words: LaneWords> {
    @usableFromInline let words: Words
    /// The announcement that was last answered.
    @usableFromInline var answered: UInt64 = 0
    /// The peer may sleep. To one that has said that it never does, publishing is a store and nothing else: the fence would take longer than
    /// all the rest of a short frame.
    @usableFromInline var isNeeded = true

    @inlinable
    init(words: Words) { self.words = words }

    /// Whether the peer sleeps for that reason and was not rung in this sleep: then the caller rings. To be asked after the position was stored.
    ///
    /// A peer can write anything into its word: it costs us one doorbell for each time we publish, and nothing else.
    @inlinable
    mutating func mustRing(for reason: SleepReasons) -> Bool {
        guard isNeeded else { return false }
        words.fence()  // pair SLEEP
        let word = words.loadRelaxed(.sleeping)
        guard word & reason.rawValue != 0, word != answered else { return false }
        answered = word
        return true
    }
}
