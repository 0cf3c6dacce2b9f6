// Loaned frames: read where they lie in the peer's memory, or from a copy.

extension Inbound {
    /// Whether the description of a loan lies at the front. `ring` is not empty, and begins with a frame.
    var beginsWithLoan: Bool {
        @inline(__always) get {
            let front = unsafe ring.readable
            let header = unsafe UInt64(littleEndian: front.loadUnaligned(as: UInt64.self))
            return header == LoanDescription.header && front.count >= LoanDescription.frameLength
        }
    }

    /// Takes a loan off, of which the description lies at the front.
    mutating func takeLoan() throws(TransportError) {
        guard let lane = unsafe lane else { return }
        try requireNoPieces()
        let description = unsafe LoanDescription(frame: ring.readable)
        ring.consume(LoanDescription.frameLength)
        let frame = unsafe try lane.pointee.takeLoan(description)
        isOrdinary = false
        if isInPlace { unsafe loaned = unsafe frame } else { unsafe try copyLoan(frame) }
        unsafe try Self.requireOneFrame(readableElsewhere, parser)
    }

    /// What was lent, or a copy of it, has to be one whole frame of data.
    static func requireOneFrame(_ bytes: UnsafeRawBufferPointer, _ parser: FrameParser) throws(TransportError) {
        var batch = unsafe FrameBatch(parser: parser, memory: bytes)
        guard try batch.next() != nil, batch.remainingCount == 0 else { throw malformedLoan() }
    }

    mutating func takeLoanPoolEnd() throws(TransportError) {
        try requireNoPieces()
        let number = unsafe NativeHeader.word(0, ofPayloadIn: ring.readable)
        ring.consume(FrameFormat.native.encodedLength(ofPayload: 8))
        unsafe try lane?.pointee.incomingLoans.endPool(number)
    }

    private mutating func copyLoan(_ frame: UnsafeRawBufferPointer) throws(TransportError) {
        let copied = unsafe spanning.append(frame, from: &budget)
        copiedBytes &+= UInt64(copied)
        guard copied == frame.count else { throw Self.overBudget(budget.limit) }
        spanningLength = copied
        finishLoan()
    }

    /// A frame was read, or copied: the chunk goes back to the peer, unless there is a lease.
    mutating func finishLoan() {
        unsafe loaned = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        unsafe lane?.pointee.incomingLoans.finish()
    }

    /// To be asked when no frame was found. A frame that does not lie in the ring is whole, so it must be one; but the peer can have changed a
    /// loaned frame since it was looked at.
    mutating func requireNothingElsewhere() throws(TransportError) {
        if !isOrdinary, unsafe !readableElsewhere.isEmpty { throw Self.malformedLoan() }
    }

    private static func malformedLoan() -> TransportError {
        TransportError(
            .malformedFrame, during: .receive,
            detail: "the peer has sent something else where a frame was announced; it is broken or hostile")
    }
}
