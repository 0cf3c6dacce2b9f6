/// Spaces the wake-ups of a waiter, as a network card moderates its interrupts: for some time after one, whatever arrives is left where
/// it is, to be taken in one go.
///
/// Only a wake-up that brought some input, and all that was there, is followed by a pause. After anything else a pause delays and gathers
/// nothing. And where much comes within an interval, wake-ups are worth their while: a pause would only fill the socket, until the sender
/// sleeps, too.
struct WakeModeration {
    /// Nanoseconds; 0 for every other strategy.
    private let interval: Int64
    private var end: Int64 = 0
    /// When the interval ends in which input is being added up, and how many bytes it has brought.
    private var sumEnd: Int64 = 0
    private var byteCount = 0

    /// Bytes within an interval with which wake-ups cost little, against the work on them.
    static let much = 16 << 10

    init(_ strategy: WaitStrategy) {
        if case .moderated(let interval) = strategy { self.interval = interval.nanoseconds } else { interval = 0 }
    }

    var isOn: Bool { interval > 0 }

    /// When the pause of a wait that begins now ends; `nil` when there is none.
    func pauseEnd(at now: Int64) -> Int64? { now < end ? end : nil }

    /// A wait was over. `isAll` says whether no input is left behind.
    mutating func took(_ count: Int, isAll: Bool, at now: Int64) {
        guard count > 0 else { return }
        if now >= sumEnd { (sumEnd, byteCount) = (now + interval, 0) }
        byteCount += count
        if isAll, byteCount < Self.much { end = now + interval }
    }
}
