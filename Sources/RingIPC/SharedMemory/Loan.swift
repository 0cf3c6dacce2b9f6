/// Memory for the payload of one frame that the peer will read where it is: nothing moves, however long it is.
///
/// A connection with shared memory lends it, ``Connection/loan(byteCount:)`` or ``Outbound/loan(byteCount:)``, and `send` on the same connection takes it back
/// with what was written. It may be filled by any thread, and kept for as long as that takes; a loan that is given up unsent is the
/// connection's again.
///
/// ```swift
/// func sendPicture(on connection: inout Connection) throws {
///     guard var loan = try connection.loan(byteCount: 1 << 20) else {
///         return try connection.send(reserving: 1 << 20) { draw(into: &$0) }
///     }
///     var bytes = loan.mutableBytes
///     draw(into: &bytes)
///     try connection.send(loan)
/// }
///
/// func draw(into picture: inout MutableRawSpan) {
///     for offset in picture.byteOffsets { picture.storeBytes(of: 0xFF, toByteOffset: offset, as: UInt8.self) }
/// }
/// ```
@safe
public struct Loan: ~Copyable, Sendable {
    /// Bytes of payload.
    public let count: Int
    let chunk: Int
    /// Kept by the connection, and by the chunk in hand when that is gone.
    private let pool: Unmanaged<LoanPool>

    /// The chunk is the program's now. The frame around the payload is written.
    init(of chunk: Int, in pool: Unmanaged<LoanPool>, count: Int) {
        self.count = count
        unsafe self.pool = unsafe pool
        self.chunk = chunk
        unsafe FrameEncoder.writeNative(around: count, headerBits: 0, to: frame)
    }

    deinit { unsafe pool._withUnsafeGuaranteedRef { $0.putBack(chunk) } }

    /// The payload, which begins at a multiple of 64 bytes. What is not written has an arbitrary value: zero, or what an earlier loan to the same peer
    /// had there.
    public var mutableBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            let bytes = unsafe MutableRawSpan(_unsafeStart: frame + NativeHeader.length, byteCount: count)
            return unsafe _overrideLifetime(bytes, mutating: &self)
        }
    }

    private var frame: UnsafeMutableRawPointer {
        @inline(__always) get { unsafe pool._withUnsafeGuaranteedRef { unsafe $0.frame(in: chunk) } }
    }

    func isFrom(_ pool: LoanPool) -> Bool { unsafe self.pool.toOpaque() == Unmanaged.passUnretained(pool).toOpaque() }

    /// Where the peer finds it.
    var description: LoanDescription {
        LoanDescription(
            pool: unsafe pool._withUnsafeGuaranteedRef { $0.number }, chunk: chunk,
            encodedLength: NativeHeader.encodedLength(ofPayload: count))
    }

    /// It is sent: the peer may read it, and it is the peer that gives the chunk back. The place of the next one is made ready.
    consuming func markSent(_ words: MappedWords) {
        unsafe pool._withUnsafeGuaranteedRef { pool in
            pool.markSent(chunk)
            pool.prepareNext(words)
        }
        discard self
    }
}
