/// Ends a ring: asks every request to end, waits for it, and only then frees the memory that the kernel could write to.
///
/// A class, since a release build of Swift 6.3 never runs the `deinit` of a noncopyable struct that is generic.
@safe
final class UringEnd<Queues: RingQueues> {
    var queues: Queues
    let inFlightCount: UnsafeMutablePointer<Int>
    /// Where reads of an eventfd go.
    let eventCount: UnsafeMutableRawBufferPointer
    /// Whom the ring reads: not closed before the read has ended.
    var waker: Waker?

    init(_ queues: Queues) {
        self.queues = queues
        unsafe inFlightCount = .allocate(capacity: 1)
        unsafe inFlightCount.initialize(to: 0)
        unsafe eventCount = .allocate(byteCount: 8, alignment: 8)
    }

    deinit {
        let remaining = unsafe inFlightCount.pointee > 0 ? abandonRequests() : 0
        queues.close()
        unsafe inFlightCount.deallocate()
        // A kernel that does not let go keeps the eight bytes.
        if remaining == 0 { unsafe eventCount.deallocate() }
    }

    /// Returns how many requests the kernel did not end.
    private func abandonRequests() -> Int {
        var remaining = unsafe inFlightCount.pointee
        _ = queues.pushCancelAll()
        for _ in 0..<Self.maximumTurns where remaining > 0 {
            guard queues.enter(timeout: -1) >= 0 else { continue }
            let count = queues.readyCount
            for index in 0..<count { remaining -= abandon(queues.completion(index)) }
            queues.advance(count)
        }
        return remaining
    }

    private static var maximumTurns: Int { 10_000 }

    /// A completion that nobody waits for any more. Returns how many requests ended with it.
    private func abandon(_ completion: RingCompletion) -> Int {
        guard let token = Token(bits: completion.token), token.operation != .cancel else { return 0 }
        // An accepted descriptor that is not closed here would be lost.
        if token.operation == .accept, completion.result >= 0 { queues.kernel.close(completion.result) }
        return completion.isArmed ? 0 : 1
    }
}
