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
            try appendPoolEnd(pool)
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
        try requireQueueRoom(LoanDescription.frameLength)
        try append(loan.description)
        // More than a coalescing threshold waits in the chunk.
        publish()
        unsafe lane.pointee.outgoingLoans.noteSent(loan)
    }

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

    /// Queues a description, in one piece. A peer that waits for it gets it as any first frame: see ``publishFrame(_:header:)``.
    @inline(__always)
    private mutating func append(_ loan: LoanDescription) throws(TransportError) {
        if LoanDescription.frameLength > room { try makeRoom(forFrame: LoanDescription.frameLength, inChunk: LoanDescription.frameLength) }
        let frame = unsafe OpenFrame(payload: cursor + NativeHeader.length, end: cursor + LoanDescription.frameLength)
        let (first, second) = loan.words
        unsafe frame.payload.storeBytes(of: first.littleEndian, as: UInt64.self)
        unsafe frame.payload.storeBytes(of: second.littleEndian, toByteOffset: 8, as: UInt64.self)
        if draft & NativeHeader.singleDraft != 0 { return unsafe publishFrame(frame, header: LoanDescription.header) }
        unsafe cursor.storeBytes(of: (LoanDescription.header | draft).littleEndian, as: UInt64.self)
        unsafe closeFrame(frame)
    }

    /// Queues the end of a pool, in one piece.
    private mutating func appendPoolEnd(_ number: UInt32) throws(TransportError) {
        let length = 2 * NativeHeader.length
        if length > room { try makeRoom(forFrame: length, inChunk: length) }
        let header = NativeHeader.word(kind: .loanPoolEnd, payloadLength: 8)
        unsafe cursor.storeBytes(of: (header | draft).littleEndian, as: UInt64.self)
        unsafe cursor.storeBytes(of: UInt64(number).littleEndian, toByteOffset: NativeHeader.length, as: UInt64.self)
        unsafe cursor += length
        draft = 0
        // It may be beyond the queue's limit.
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
