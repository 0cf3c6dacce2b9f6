// Payloads that do not move: the ring only says where they lie.

extension Outbound {
    /// Memory for the payload of one frame, which the peer will read where it is; ``send(_:)-(Loan)`` sends it.
    ///
    /// - Parameter byteCount: bytes of payload; a negative number is a programming error and traps.
    /// - Returns: `nil` when there is no loan now: the connection has no shared memory, or not yet; ``SharedMemoryOptions/loanBudget``, or what the
    ///   peer allows, is used up by what the peer has not given back; or the system has no memory. ``send(reserving:_:)`` works in any case.
    /// - Throws: ``TransportError``: `frameTooLong`; `closed` after ``close()``; `invalidSharedMemory` when the peer lies.
    public mutating func loan(byteCount: Int) throws(TransportError) -> Loan? {
        precondition(byteCount >= 0, "a frame cannot have a negative length")
        try requireSendable(byteCount)
        guard let lane = unsafe lane, unsafe lane.pointee.isSending else { return nil }
        if let loan = unsafe try lane.pointee.outgoingLoans.take(byteCount) { return loan }
        guard unsafe lane.pointee.outgoingLoans.maySeekPool() else { return nil }
        for pool in unsafe try lane.pointee.outgoingLoans.makeRoom(for: byteCount) {
            try appendLaneFrame(.loanPoolEnd, UInt64(pool))
        }
        return unsafe try lane.pointee.outgoingLoans.takeFromNewPool(byteCount)
    }

    /// Sends a loan that this connection has lent: a description of it, behind what is queued. A loan of another connection is a programming
    /// error and traps.
    ///
    /// - Throws: ``TransportError``, and then nothing was queued and the loan is given up: `frameTooLong`, `outboundFull`, `closed` as
    ///   ``send(_:)-(RawSpan)``.
    public mutating func send(_ loan: consuming Loan) throws(TransportError) {
        guard let lane = unsafe lane, unsafe lane.pointee.outgoingLoans.owns(loan) else {
            preconditionFailure("a loan is sent on the connection that has lent it")
        }
        try requireSendable(loan.count)
        try requireQueueRoom(Self.loanFrameLength)
        let length = encoder.encodedLength(ofPayload: loan.count)
        let words = LoanDescription(pool: loan.pool.number, chunk: loan.chunk, encodedLength: length).words
        try appendLaneFrame(.loan, words.0, words.1)
        framesSent &+= 1
        unsafe lane.pointee.outgoingLoans.sentBytes &+= UInt64(length)
        let pool = loan.pool
        loan.markSent()
        // More than a coalescing threshold waits in the chunk.
        publish()
        unsafe lane.pointee.outgoingLoans.prepareNext(in: pool)
    }

    private static var loanFrameLength: Int { FrameFormat.native.encodedLength(ofPayload: 16) }

    /// Sends by loan what `write` produces. `false`, and `write` was not called, when the payload is too short for that or there is no loan.
    mutating func sendByLoan(_ count: Int, _ write: (inout MutableRawSpan) -> Void) throws(TransportError) -> Bool {
        guard count >= loanThreshold, var loan = try loan(byteCount: count) else { return false }
        var payload = loan.mutableBytes
        write(&payload)
        try send(loan)
        return true
    }

    /// Sends a copy of `bytes` by loan. `false` when they are too few for that or there is no loan.
    mutating func sendByLoan(_ bytes: RawSpan) throws(TransportError) -> Bool {
        try unsafe bytes.withUnsafeBytes { source throws(TransportError) in
            try sendByLoan(source.count) { target in unsafe target.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) } }
        }
    }

    /// Queues a frame of the lane with one or two words of payload, in one piece.
    private mutating func appendLaneFrame(_ kind: FrameKind, _ first: UInt64, _ second: UInt64? = nil) throws(TransportError) {
        let payloadLength = second == nil ? 8 : 16
        let length = NativeHeader.length + payloadLength
        if length > room { try makeRoom(forFrame: length, inChunk: length) }
        let header = NativeHeader.word(kind: kind, payloadLength: UInt32(payloadLength))
        unsafe cursor.storeBytes(of: (header | draft).littleEndian, as: UInt64.self)
        unsafe cursor.storeBytes(of: first.littleEndian, toByteOffset: 8, as: UInt64.self)
        if let second { unsafe cursor.storeBytes(of: second.littleEndian, toByteOffset: 16, as: UInt64.self) }
        unsafe cursor += length
        draft = 0
        // The end of a pool may be beyond the queue's limit.
        room = max(0, room)
    }

    /// A lease of the loaned frame that is being handled: its bytes stay when the call is over, without a copy, until the lease ends.
    ///
    /// - Parameter frame: what the handler, or the closure of a receive, has been given.
    /// - Returns: `nil` when the frame was not loaned, or was copied (``SharedMemoryOptions/copiesAllFrames``), or is leased already; and when
    ///   there are ``SharedMemoryOptions/maximumLeases``. The program then copies what it needs.
    public mutating func lease(_ frame: FrameView) -> FrameLease? {
        guard let lane = unsafe lane else { return nil }
        let payload = unsafe frame.bytes.withUnsafeBytes { unsafe $0 }
        return unsafe lane.pointee.incomingLoans.lease(payload)
    }
}
