/// Finds frames in bytes that are already in memory. Pure: no system call, no allocation, no copy, no state between calls.
///
/// Connections and loops have one inside. It is public for bytes that came another way, from a file for example.
public struct FrameParser: Sendable {
    /// How the lengths in front of payloads are written.
    public let format: FrameFormat
    /// The longest payload in bytes that is not an error.
    public let maximumFrameLength: Int

    /// Makes a parser for one format.
    ///
    /// - Parameters:
    ///   - format: that of the bytes. In the native format the bytes begin after the hello.
    ///   - maximumFrameLength: the longest payload in bytes that is not an error; cut at ``FrameFormat/largestFrameLength``, and at what the
    ///     width of a length can say.
    public init(format: FrameFormat, maximumFrameLength: Int) {
        self.format = format
        self.maximumFrameLength = min(max(maximumFrameLength, 0), format.longestPayload)
        form = Form(format)
        isUsual = form.isUsual
    }

    /// Whether batches end at frames of the shared-memory lane, for the connection to work them off. Else their kinds are unknown ones.
    @usableFromInline var endsAtLaneFrames = false

    /// How the length in front of a payload is read and written: the format, flattened for the loops over frames.
    @usableFromInline
    enum Form: UInt8, Sendable { case native, little, big, qByteArray, littleTwo, bigTwo, littleEight, bigEight, none }

    @usableFromInline let form: Form
    /// Whether the form has a place in the loop over frames, which has to be fast.
    @usableFromInline let isUsual: Bool

    /// The frames in `bytes`, which begin at a frame's first byte.
    ///
    /// Nothing is copied: `bytes` can be neither changed nor given up while the batch, or a view from it, is in use.
    /// Payloads of the native format are aligned to 8 bytes only if `bytes` is.
    ///
    /// - Parameter bytes: any number of whole frames, and perhaps a part of one more, which is left: see ``FrameBatch/remainingCount``.
    @_lifetime(copy bytes)
    public func frames(in bytes: RawSpan) -> FrameBatch {
        let memory = unsafe bytes.withUnsafeBytes { unsafe $0 }
        let batch = unsafe FrameBatch(parser: self, memory: memory)
        return unsafe _overrideLifetime(batch, copying: bytes)
    }

    /// How many bytes the frame that begins with `header` takes on the wire; `nil` while too few bytes of the header are there. Bytes without
    /// frames are complete as they are.
    func encodedLength(ofFrameBeginningWith header: UnsafeRawBufferPointer) -> Int? {
        guard header.count >= format.headerLength, let address = header.baseAddress else { return nil }
        if form == .none { return header.count > 0 ? header.count : nil }
        let length = unsafe form.length(at: address)
        if form == .qByteArray, length == QByteArrayLength.null { return 4 }
        // Beyond 32 bits a length is over every limit; as an Int it must only be too long, too.
        return format.encodedLength(ofPayload: Int(min(length, UInt64(UInt32.max))))
    }
}

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
    /// The longest payload; in forms that are not usual its complement, which is below every length: one comparison tells all that is not
    /// usual.
    @usableFromInline let limit: Int64
    @usableFromInline let form: FrameParser.Form
    /// Frames handed out so far.
    @usableFromInline var frameCount = 0
    /// The peer said goodbye: nothing may follow.
    @usableFromInline var isFinished = false
    @usableFromInline let endsAtLaneFrames: Bool

    @inlinable
    @_lifetime(borrow memory)
    init(parser: FrameParser, memory: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; any will do, since nothing is read from it.
        unsafe start = memory.baseAddress ?? UnsafeRawPointer(bitPattern: 8)!
        unsafe position = start
        unsafe end = start + memory.count
        let longest = Int64(truncatingIfNeeded: parser.maximumFrameLength)
        limit = parser.isUsual ? longest : ~longest
        form = parser.form
        endsAtLaneFrames = parser.endsAtLaneFrames
    }

    /// The next whole frame, or `nil` when what is left is less than a frame.
    ///
    /// Control frames are taken off and never returned. In the `bytes` format, where there are no frames, it is everything that is there.
    ///
    /// - Returns: a view that lives as long as the batch.
    /// - Throws: ``TransportError``: `frameTooLong` or `malformedFrame`. The stream cannot be read on after it: let the error pass.
    @inlinable
    @_lifetime(copy self)
    public mutating func next() throws(TransportError) -> FrameView? {
        form == .native ? try nextNative() : try nextPrefixed()
    }

    /// Whether `next` would return a frame. If not, control frames are taken off.
    @usableFromInline
    mutating func beginsWithFrame() throws(TransportError) -> Bool {
        let before = unsafe position
        guard try next() != nil else { return false }
        // Back to where it was. Control frames in front of the frame are skipped a second time.
        unsafe position = unsafe before
        frameCount = 0
        return true
    }

    @inlinable
    @inline(__always)
    @_lifetime(copy self)
    mutating func nextNative() throws(TransportError) -> FrameView? {
        while true {
            let available = unsafe end - position
            guard available >= NativeHeader.length else { return nil }
            let header = unsafe UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
            // One comparison for the common case: any bit above the length (kind, flags, reserved) makes the word exceed the limit.
            guard header <= UInt64(bitPattern: limit) else {
                guard try skipControlFrame(header, available: available) else { return nil }
                continue
            }
            let length = Int(truncatingIfNeeded: header)
            // The header and the padded payload, in one step: it is on the way from each frame to the next.
            let encodedLength = (length &+ 15) & ~7
            guard available >= encodedLength else { return nil }
            if length & 7 != 0 {
                let lastWord = unsafe (position + (encodedLength &- 8)).loadUnaligned(as: UInt64.self)
                guard UInt64(littleEndian: lastWord) &>> UInt64(truncatingIfNeeded: (length & 7) &* 8) == 0 else {
                    throw nonZeroPadding()
                }
            }
            return unsafe take(payload: position + NativeHeader.length, count: length, encodedLength: encodedLength)
        }
    }

    @inlinable
    @_lifetime(copy self)
    mutating func nextPrefixed() throws(TransportError) -> FrameView? {
        let available = unsafe end - position
        guard available >= 4 else { return limit < 0 ? try nextUnusual() : nil }
        let word = unsafe position.loadUnaligned(as: UInt32.self)
        let length = form == .little ? UInt32(littleEndian: word) : UInt32(bigEndian: word)
        guard Int64(length) <= limit else { return try nextUnusual() }
        let encodedLength = 4 &+ Int(length)
        guard available >= encodedLength else { return nil }
        return unsafe take(payload: position + 4, count: Int(length), encodedLength: encodedLength)
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

// MARK: What is not a plain data frame

extension FrameBatch {
    /// Handles a native header with a bit above the largest length. Returns whether parsing may go on.
    @usableFromInline
    @inline(never)
    mutating func skipControlFrame(_ header: UInt64, available: Int) throws(TransportError) -> Bool {
        let kind = UInt8(truncatingIfNeeded: header >> NativeHeader.kindShift)
        let flags = UInt8(truncatingIfNeeded: header >> NativeHeader.flagsShift)
        let length = Int64(UInt32(truncatingIfNeeded: header))
        guard header >> NativeHeader.reservedShift == 0, flags & ~NativeHeader.ignorable == 0 else {
            throw malformed("the header has a bit set that must be zero; the peer is broken or speaks a newer version")
        }
        guard length <= limit else {
            throw TransportError(
                .frameTooLong, during: .receive,
                detail: "a frame announces \(length) bytes, the limit is \(limit); raise maximumFrameLength or mend the peer")
        }
        let isIgnorable = flags & NativeHeader.ignorable != 0
        // The kinds of a lane exist for those who have offered one.
        guard let known = FrameKind(rawValue: kind), !known.isOfLane || endsAtLaneFrames else {
            guard isIgnorable else {
                throw malformed("frame kind \(kind) is unknown and not marked as ignorable; the peer speaks a newer version")
            }
            let encodedLength = FrameFormat.native.encodedLength(ofPayload: Int(length))
            guard available >= encodedLength else { return false }
            unsafe position += encodedLength
            return true
        }
        // Nobody may ignore what everybody knows. A data frame is here only because it has the mark.
        guard known != .data, !isIgnorable else { throw malformed("a \(known) frame is marked as ignorable") }
        if known.isOfLane { return false }
        guard length == 0 else { throw malformed("a goodbye has a payload") }
        guard available == NativeHeader.length || isDoorbellNext() else { throw malformed("bytes follow a goodbye") }
        unsafe position += NativeHeader.length
        isFinished = true
        return false
    }

    /// Behind a goodbye on the socket a side still rings, if the other one sends in its ring.
    private func isDoorbellNext() -> Bool {
        guard endsAtLaneFrames, unsafe end - position >= 2 * NativeHeader.length else { return false }
        let next = unsafe position.loadUnaligned(fromByteOffset: NativeHeader.length, as: UInt64.self)
        return UInt64(littleEndian: next) == NativeHeader.word(kind: .doorbell)
    }

    @usableFromInline
    @inline(never)
    func nonZeroPadding() -> TransportError {
        malformed("the bytes between a payload and the next multiple of 8 are not zero")
    }

    func malformed(_ detail: String) -> TransportError {
        TransportError(.malformedFrame, during: .receive, detail: "\(detail) (frame \(frameCount) of this batch)")
    }
}
