/// Spaces the wake-ups of a waiter, as a network card moderates its interrupts: for some time after one, whatever arrives is left where
/// it is, to be taken in one go.
///
/// Only a wake-up that brought input, and took all that was there, is followed by a pause: one after anything else would delay without
/// gathering, and one with input left behind would only fill the socket.
struct WakeModeration {
    /// Nanoseconds; 0 for every other strategy.
    private let interval: Int64
    private var end: Int64 = 0

    init(_ strategy: WaitStrategy) {
        if case .moderated(let interval) = strategy { self.interval = interval.nanoseconds } else { interval = 0 }
    }

    var isOn: Bool { interval > 0 }

    /// When the pause of a wait that begins now ends; `nil` when there is none.
    func pauseEnd(at now: Int64) -> Int64? { now < end ? end : nil }

    /// A wait was over, and all input taken.
    mutating func tookInput(at now: Int64) { end = now + interval }
}
