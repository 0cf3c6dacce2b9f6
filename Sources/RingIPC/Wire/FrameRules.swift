/// What frames are checked against, and what is done with those that are not plain data.
///
/// A batch hands over values to the code here and gets values back, because that code is not inlined: a batch whose address was given away would
/// have to be in memory for each frame, and the way from a frame to the next would lead through a store and a load.
@safe
@usableFromInline
struct FrameRules {
    /// The longest payload; in forms that are not usual its complement, which is below every length: one comparison tells all that is not
    /// usual.
    @usableFromInline let limit: Int64
    @usableFromInline let form: FrameParser.Form
    @usableFromInline let endsAtLaneFrames: Bool

    @inlinable
    init(_ parser: FrameParser) {
        let longest = Int64(truncatingIfNeeded: parser.maximumFrameLength)
        limit = parser.isUsual ? longest : ~longest
        form = parser.form
        endsAtLaneFrames = parser.endsAtLaneFrames
    }

    /// What there is to do with a native frame whose header has a bit above the largest length.
    @usableFromInline
    enum ControlFrame {
        /// Takes so many bytes, and is ignored.
        case ignored(Int)
        case goodbye
        /// Not whole yet, or for the connection, which looks at it itself.
        case left
    }

    /// Judges a native header with a bit above the largest length.
    ///
    /// - Parameter header: the word at `position`, read once.
    /// - Parameter frame: how many frames of the batch came before, for errors.
    @usableFromInline
    @inline(never)
    func controlFrame(_ header: UInt64, at position: UnsafeRawPointer, available: Int, frame: Int) throws(TransportError) -> ControlFrame {
        let kind = UInt8(truncatingIfNeeded: header >> NativeHeader.kindShift)
        let flags = UInt8(truncatingIfNeeded: header >> NativeHeader.flagsShift)
        let length = Int64(UInt32(truncatingIfNeeded: header))
        guard header >> NativeHeader.reservedShift == 0, flags & ~NativeHeader.ignorable == 0 else {
            throw Self.malformed("the header has a bit set that must be zero; the peer is broken or speaks a newer version", frame: frame)
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
                throw Self.malformed(
                    "frame kind \(kind) is unknown and not marked as ignorable; the peer speaks a newer version", frame: frame)
            }
            let encodedLength = FrameFormat.native.encodedLength(ofPayload: Int(length))
            return available >= encodedLength ? .ignored(encodedLength) : .left
        }
        // Nobody may ignore what everybody knows. A data frame is here only because it has the mark.
        guard known != .data, !isIgnorable else { throw Self.malformed("a \(known) frame is marked as ignorable", frame: frame) }
        if known.isOfLane { return .left }
        guard length == 0 else { throw Self.malformed("a goodbye has a payload", frame: frame) }
        guard unsafe available == NativeHeader.length || isDoorbell(behind: position, available: available) else {
            throw Self.malformed("bytes follow a goodbye", frame: frame)
        }
        return .goodbye
    }

    /// Behind a goodbye on the socket a side still rings, if the other one sends in its ring.
    private func isDoorbell(behind goodbye: UnsafeRawPointer, available: Int) -> Bool {
        guard endsAtLaneFrames, available >= 2 * NativeHeader.length else { return false }
        let next = unsafe goodbye.loadUnaligned(fromByteOffset: NativeHeader.length, as: UInt64.self)
        return UInt64(littleEndian: next) == NativeHeader.word(kind: .doorbell)
    }

    @usableFromInline
    @inline(never)
    static func nonZeroPadding(frame: Int) -> TransportError {
        malformed("the bytes between a payload and the next multiple of 8 are not zero", frame: frame)
    }

    static func malformed(_ detail: String, frame: Int) -> TransportError {
        TransportError(.malformedFrame, during: .receive, detail: "\(detail) (frame \(frame) of this batch)")
    }
}
