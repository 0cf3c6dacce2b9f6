/// Spaces the wake-ups of a waiter, as a network card moderates its interrupts: for some time after one, whatever arrives is left where
/// it is, to be taken in one go.
///
/// Only a wake-up that brought some input, and all that was there, is followed by a pause. After anything else a pause delays and gathers
/// nothing. And much input is worth its wake-up: a pause then only fills the socket, until the sender sleeps, too.
struct WakeModeration {
    /// Nanoseconds; 0 for every other strategy.
    private let interval: Int64
    private var end: Int64 = 0
    /// Bytes since all that was there had been taken.
    private var gathered = 0

    /// Bytes with which a wake-up costs little, against the work on them.
    static let much = 16 << 10

    init(_ strategy: WaitStrategy) {
        if case .moderated(let interval) = strategy { self.interval = interval.nanoseconds } else { interval = 0 }
    }

    var isOn: Bool { interval > 0 }

    /// When the pause of a wait that begins now ends; `nil` when there is none.
    func pauseEnd(at now: Int64) -> Int64? { now < end ? end : nil }

    /// A wait was over. `isAll` says whether no input is left behind.
    mutating func took(_ byteCount: Int, isAll: Bool, at now: Int64) {
        gathered += max(0, byteCount)
        guard isAll else { return }
        if 0 < gathered, gathered < Self.much { end = now + interval }
        gathered = 0
    }
}
