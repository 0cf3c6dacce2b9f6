// From one frame to the next where both sides spin: what a round trip costs beside the cache lines that travel is in this file and in what it
// calls, and each call, check or store more would show (`Docs/Benchmarking.md`).

extension Connection {
    /// Publishes what was written, gives back what was read, and looks for the next frame for a few microseconds: without the clock, the socket or
    /// a sleep. `false` when nothing came, or something is not as it usually is; ``advance(past:isFinished:until:within:)`` sees to everything.
    @usableFromInline
    @inline(never)
    mutating func advanceInPlace(past consumed: Int) throws(TransportError) -> Bool {
        guard consumed == 0, laneSpinBudget.allowance > 0, let lane = unsafe outbound.pointee.lane,
            unsafe outbound.pointee.isInRing, unsafe inbound.pointee.isOrdinary, unsafe inbound.pointee.ring.count == 0
        else { return false }
        if unsafe outbound.pointee.queuedBytes > 0 { try unsafe outbound.pointee.publish() }
        guard unsafe try inbound.pointee.look(&lane.pointee, times: Self.looks) else { return false }
        laneSpinBudget.spinSucceeded()
        return true
    }

    /// About three microseconds, of which each look waits for a pause of the processor.
    private static var looks: Int { 64 }
}
