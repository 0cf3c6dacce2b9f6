// Payloads that do not move.

extension Connection {
    /// Memory for the payload of one frame, which the peer will read where it is; ``send(_:)-(Loan)`` sends it.
    ///
    /// - Parameter byteCount: bytes of payload; a negative number is a programming error and traps.
    /// - Returns: `nil` when there is no loan now, and the payload has to be sent in the ordinary way: as ``Outbound/loan(byteCount:)``.
    /// - Throws: ``TransportError``: `frameTooLong`; `closed` after ``finishSending()``; `invalidSharedMemory` when the peer lies.
    public mutating func loan(byteCount: Int) throws(TransportError) -> Loan? { unsafe try outbound.pointee.loan(byteCount: byteCount) }

    /// Sends a loan that this connection has lent, and what was queued before it. A loan of another connection is a programming error and
    /// traps.
    ///
    /// Waits while the ring is full, as ``send(_:)-(RawSpan)`` does.
    ///
    /// - Throws: ``TransportError`` as ``send(_:)-(RawSpan)``; the loan is given up then.
    public mutating func send(_ loan: consuming Loan) throws(TransportError) {
        unsafe try outbound.pointee.send(loan)
        _ = try flushLane(until: nil)
    }
}
