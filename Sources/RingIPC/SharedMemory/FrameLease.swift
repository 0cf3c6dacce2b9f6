/// A loaned frame that the program keeps beyond the call that showed it, without a copy. Its end gives the memory back to the peer.
///
/// ``Outbound/lease(_:)`` makes it. It can go to any thread, and outlive the connection. What it keeps, the peer cannot lend again: a program
/// that needs bytes for long copies them.
///
/// ```swift
/// func nextPicture(from connection: inout Connection) throws -> FrameLease? {
///     var picture: FrameLease?
///     _ = try connection.receive { frame, outbound in picture = outbound.lease(frame) }
///     return picture
/// }
/// ```
@safe
public struct FrameLease: ~Copyable, Sendable {
    private let pool: PeerLoanPool
    private let chunk: Int
    private let returns: UInt64
    /// Bytes of payload.
    public let count: Int

    init(of chunk: Int, in pool: PeerLoanPool, returns: UInt64, count: Int) {
        self.pool = pool
        self.chunk = chunk
        self.returns = returns
        self.count = count
    }

    deinit { pool.endLease(chunk, returns) }

    /// The payload, which begins at a multiple of 64 bytes. The bytes are the peer's, who can change them at any time: read each value that
    /// is checked once.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe RawSpan(_unsafeStart: pool.payload(in: chunk), byteCount: count)
            return unsafe _overrideLifetime(bytes, borrowing: self)
        }
    }
}
