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
        rules = FrameRules(format, maximumFrameLength: self.maximumFrameLength)
    }

    @usableFromInline var rules: FrameRules

    /// How the length in front of a payload is read and written: the format, flattened for the loops over frames.
    @usableFromInline
    enum Form: UInt8, Sendable { case native, little, big, qByteArray, littleTwo, bigTwo, littleEight, bigEight, none }

    var form: Form { rules.form }

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
