// From one frame to the next where both sides spin: what a round trip costs beside the cache lines that travel is in this file and in what it
// calls, and each call, check or store more would show (`Docs/Benchmarking.md`).

extension Connection {
    /// Publishes what was written, gives back what was read, and looks for the next frame for a few microseconds: without the clock, the socket or
    /// a sleep. When nothing came, or something is not as it usually is, ``advance(past:isFinished:until:within:)`` sees to everything.
    ///
    /// Everything that was shown has been read.
    @usableFromInline
    @inline(never)
    mutating func advanceInPlace() throws(TransportError) {
        guard let lane = unsafe outbound.pointee.lane, unsafe outbound.pointee.isInRing, unsafe inbound.pointee.isOrdinary,
            unsafe inbound.pointee.pieceLength == 0
        else { return }
        unsafe outbound.pointee.publish(lane)
        let published = unsafe lane.pointee.takeLastLength()
        unsafe lane.pointee.prepareLines(for: published)
        unsafe outbound.pointee.publishNextFrame()
        guard laneSpinBudget.allowance > 0, unsafe try inbound.pointee.look(&lane.pointee, times: Self.looks) else { return }
        // While the lines of what has come travel: the peer's processor, which fetches ahead of what it reads, has taken our first ones back.
        if published >= Inbound.longFrame { unsafe lane.pointee.prepareLines(for: min(published, 2 * Inbound.longFrame)) }
        laneSpinBudget.spinSucceeded()
        if unsafe inbound.pointee.beginsWithLoan { unsafe try inbound.pointee.takeLoan() }
    }

    /// A pause of the processor lies between two looks, of 3 to 150 cycles: together some microseconds.
    private static var looks: Int { 1_000 }
}
