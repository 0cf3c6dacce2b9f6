// Loaned frames in a loop: handed over where they lie, or from a copy.

extension LoopCore where B: ~Copyable {
    /// Hands over the frame of a loan, which `description` begins with. `false` when that has to wait: for memory for a copy, or for the handler,
    /// which has left it. The description is then looked at again.
    mutating func takeLoan(
        _ description: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>
    ) throws(TransportError) -> Bool {
        guard let lane = unsafe slot.pointee.outbound.lane else { return true }
        let frame: UnsafeRawBufferPointer
        if let begun = unsafe lane.pointee.incomingLoans.currentFrame {
            unsafe frame = unsafe begun
        } else {
            guard unsafe slot.pointee.spanningLength == 0 else { throw Inbound.frameBetweenPieces }
            unsafe frame = unsafe try lane.pointee.takeLoan(LoanDescription(frame: description))
            statistics.bytesReceived &+= UInt64(frame.count)
        }
        let isTaken = unsafe try lane.pointee.copiesFrames ? copyLoan(frame, slot) : deliverLoan(frame, slot)
        if isTaken { unsafe lane.pointee.incomingLoans.finish() }
        return isTaken
    }

    private mutating func copyLoan(
        _ frame: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>
    ) throws(TransportError) -> Bool {
        unsafe slot.pointee.spanningLength = frame.count
        let rest = unsafe frame.dropping(slot.pointee.spanning.count)
        let copied = unsafe slot.pointee.spanning.append(rest, from: &spanningBudget)
        statistics.copiedBytes &+= UInt64(copied)
        guard copied == rest.count else {
            unsafe lackMemory(slot)
            return false
        }
        unsafe try Inbound.requireOneFrame(slot.pointee.spanning.bytes, parser)
        unsafe completeSpanning(slot)
        return true
    }

    private mutating func deliverLoan(
        _ frame: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>
    ) throws(TransportError) -> Bool {
        // Each time: the peer can change it at any time.
        unsafe try Inbound.requireOneFrame(frame, parser)
        let queued = unsafe slot.pointee.outbound.queuedBytes
        if unsafe slot.pointee.isAnswering, queued > 0, queued + frame.count > configuration.outboundLimit {
            unsafe pause(slot)
            return false
        }
        let taken = unsafe deliver(frame, slot)
        guard taken == 0, unsafe slot.pointee.isReading, unsafe !slot.pointee.isPeerFinished else { return true }
        unsafe askAgain(slot, about: frame)
        return false
    }
}
