/// The frames that arrived together, in the order in which they were sent.
///
/// ```swift
/// func total(_ frames: inout FrameBatch) throws -> Int {
///     var total = 0
///     while let frame = try frames.next() { total += frame.count }
///     return total
/// }
/// ```
///
/// The views point into the receive memory and live no longer than the batch. Frames that are left in a batch are not lost: a
/// loop offers them again after it has sent what is queued on that connection, a blocking connection at its next receive. Several views of
/// one batch can be held at a time.
@safe
public struct FrameBatch: ~Copyable, ~Escapable {
    // This struct is where the received bytes are walked with pointers. `position <= end`, both inside one live allocation
    // that the maker of the batch keeps until the batch is gone.
    @usableFromInline var position: UnsafeRawPointer
    @usableFromInline let end: UnsafeRawPointer
    @usableFromInline let start: UnsafeRawPointer
    @usableFromInline let rules: FrameRules
    /// Frames handed out so far.
    @usableFromInline var frameCount = 0
    /// The peer said goodbye: nothing may follow.
    @usableFromInline var isFinished = false

    @inlinable
    @_lifetime(borrow memory)
    init(parser: FrameParser, memory: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; any will do, since nothing is read from it.
        unsafe start = memory.baseAddress ?? UnsafeRawPointer(bitPattern: 8)!
        unsafe position = start
        unsafe end = start + memory.count
        rules = parser.rules
    }

    /// The next whole frame, or `nil` when what is left is less than a frame.
    ///
    /// Control frames are taken off and never returned. In the `bytes` format, where there are no frames, it is everything that is there.
    ///
    /// - Returns: a view that lives as long as the batch.
    /// - Throws: ``TransportError``: `frameTooLong` or `malformedFrame`. The stream cannot be read on after it: let the error pass.
    @inlinable
    @inline(__always)
    @_lifetime(copy self)
    public mutating func next() throws(TransportError) -> FrameView? {
        let available = remainingCount
        if available >= NativeHeader.length {
            let header = unsafe UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
            // One comparison: any bit above the length (kind, flags, reserved) makes the word exceed the bound.
            if header < rules.nativeBound {
                let encodedLength = NativeHeader.encodedLength(ofPayload: Int(truncatingIfNeeded: header))
                // For the view, which asks for no negative length; on the way to the next frame the step would count.
                let count = Int(UInt32(truncatingIfNeeded: header))
                if available >= encodedLength, unsafe count & 7 == 0 || FrameRules.isPadded(at: position, count, encodedLength) {
                    return unsafe take(payload: position + NativeHeader.length, count: count, encodedLength: encodedLength)
                }
            }
        }
        if available >= 4 {
            let word = unsafe position.loadUnaligned(as: UInt32.self)
            let length = rules.form == .little ? UInt32(littleEndian: word) : UInt32(bigEndian: word)
            if length < rules.prefixedBound, available >= 4 &+ Int(length) {
                return unsafe take(payload: position + 4, count: Int(length), encodedLength: 4 &+ Int(length))
            }
        }
        return available > 0 ? try nextElsewhere() : nil
    }

    /// The next frame, as ``next()`` has it; but in the `bytes` format no more than `maximumCount` bytes of what is there. The rest is left.
    ///
    /// Frames are never cut: in every other format the number means nothing.
    ///
    /// - Parameter maximumCount: bytes to take at most. 0 takes none; a negative number is a programming error and traps.
    /// - Returns: a view that lives as long as the batch; never an empty one in the `bytes` format.
    /// - Throws: as ``next()``.
    @_lifetime(copy self)
    public mutating func next(upTo maximumCount: Int) throws(TransportError) -> FrameView? {
        precondition(maximumCount >= 0, "a negative number of bytes cannot be taken")
        guard rules.form == .none else { return try next() }
        let count = min(remainingCount, maximumCount)
        return count > 0 ? unsafe take(payload: position, count: count, encodedLength: count) : nil
    }

    /// Whether `next` would return a frame. If not, control frames are taken off.
    @inlinable
    @inline(__always)
    mutating func beginsWithFrame() throws(TransportError) -> Bool {
        let front = unsafe try rules.front(at: position, available: remainingCount, frame: frameCount)
        if front.frame != nil { return true }
        skip(front)
        return false
    }

    /// What the inlined code leaves: control frames, unusual forms, what is not whole, and what is wrong.
    @inlinable
    @inline(__always)
    @_lifetime(copy self)
    mutating func nextElsewhere() throws(TransportError) -> FrameView? {
        let front = unsafe try rules.front(at: position, available: remainingCount, frame: frameCount)
        skip(front)
        guard let frame = front.frame else { return nil }
        return unsafe take(
            payload: position + frame.headerLength, count: frame.count, encodedLength: frame.encodedLength, isNull: frame.isNull)
    }

    @inlinable
    @inline(__always)
    mutating func skip(_ front: FrameRules.Front) {
        unsafe position += front.controlLength
        if front.isGoodbye { isFinished = true }
    }

    @inlinable
    @inline(__always)
    @_lifetime(copy self)
    mutating func take(
        payload: UnsafeRawPointer, count: Int, encodedLength: Int, isNull: Bool = false
    ) -> FrameView {
        unsafe position += encodedLength
        frameCount &+= 1
        let bytes = unsafe RawSpan(_unsafeStart: payload, byteCount: count)
        return unsafe _overrideLifetime(FrameView(bytes: bytes, isNull: isNull), copying: self)
    }

    /// Bytes of the batch that were handed out: headers, payloads and padding, and control frames that were taken off.
    @inlinable
    public var consumedCount: Int { unsafe position - start }
    /// Bytes of the batch that were not handed out: frames that are still to come, and the beginning of one that is not whole.
    @inlinable
    public var remainingCount: Int { unsafe end - position }
}
