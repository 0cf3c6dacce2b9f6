/// What frames are checked against, and what is done with those that are not plain data.
///
/// A batch hands over values to the code here and gets values back, because that code is not inlined: a batch whose address was given away would
/// have to be in memory for each frame, and the way from a frame to the next would lead through a store and a load.
@safe
@usableFromInline
struct FrameRules: Sendable {
    /// A native header below it is one of plain data, and not too long. 0 in other forms.
    @usableFromInline let nativeBound: UInt64
    /// The same for a length of four bytes.
    @usableFromInline let prefixedBound: UInt64
    @usableFromInline let form: FrameParser.Form
    /// The longest payload that is not an error.
    let longest: UInt64
    /// Whether batches end at frames of the shared-memory lane, for the connection to work them off. Else their kinds are unknown ones.
    var endsAtLaneFrames = false

    init(_ format: FrameFormat, maximumFrameLength: Int) {
        longest = UInt64(maximumFrameLength)
        form = FrameParser.Form(format)
        nativeBound = form == .native ? longest + 1 : 0
        prefixedBound = form.headerLength == 4 ? longest + 1 : 0
    }

    /// What some bytes begin with.
    @usableFromInline
    struct Front {
        /// Bytes of control frames that are ignored, or of a goodbye.
        @usableFromInline var controlLength = 0
        @usableFromInline var isGoodbye = false
        /// Behind them; `nil` while it is not whole, or when it is for the connection, which looks at it itself.
        @usableFromInline var frame: Frame?
    }

    @usableFromInline
    struct Frame {
        @usableFromInline let headerLength: Int
        @usableFromInline let count: Int
        @usableFromInline let encodedLength: Int
        @usableFromInline var isNull = false
    }

    /// Looks at the front of what has arrived, in whatever form.
    ///
    /// - Parameter frame: how many frames of the batch came before, for errors.
    @usableFromInline
    @inline(never)
    func front(at position: UnsafeRawPointer, available: Int, frame: Int) throws(TransportError) -> Front {
        if form == .native { return unsafe try nativeFront(at: position, available: available, frame: frame) }
        return Front(frame: unsafe try prefixedFrame(at: position, available: available, frame: frame))
    }

    private func nativeFront(at position: UnsafeRawPointer, available: Int, frame: Int) throws(TransportError) -> Front {
        var front = Front()
        while true {
            let next = unsafe position + front.controlLength
            let rest = available - front.controlLength
            guard rest >= NativeHeader.length else { return front }
            let header = unsafe UInt64(littleEndian: next.loadUnaligned(as: UInt64.self))
            if header < nativeBound {
                front.frame = unsafe try dataFrame(of: Int(header), at: next, available: rest, frame: frame)
                return front
            }
            switch unsafe try controlFrame(header, at: next, available: rest, frame: frame) {
            case .ignored(let encodedLength): front.controlLength += encodedLength
            case .goodbye:
                front.controlLength += NativeHeader.length
                front.isGoodbye = true
                return front
            case .left: return front
            }
        }
    }

    private func dataFrame(of count: Int, at position: UnsafeRawPointer, available: Int, frame: Int) throws(TransportError) -> Frame? {
        let encodedLength = NativeHeader.encodedLength(ofPayload: count)
        guard available >= encodedLength else { return nil }
        guard unsafe count & 7 == 0 || Self.isPadded(at: position, count, encodedLength) else {
            throw Self.malformed("the bytes between a payload and the next multiple of 8 are not zero", frame: frame)
        }
        return Frame(headerLength: NativeHeader.length, count: count, encodedLength: encodedLength)
    }

    /// Whether zeroes follow a payload whose length is no multiple of 8.
    @inlinable
    @inline(__always)
    static func isPadded(at position: UnsafeRawPointer, _ count: Int, _ encodedLength: Int) -> Bool {
        let lastWord = unsafe (position + (encodedLength &- 8)).loadUnaligned(as: UInt64.self)
        return UInt64(littleEndian: lastWord) &>> UInt64(truncatingIfNeeded: (count & 7) &* 8) == 0
    }

    /// What there is to do with a native frame whose header has a bit above the largest length.
    private enum ControlFrame {
        /// Takes so many bytes, and is ignored.
        case ignored(Int)
        case goodbye
        /// Not whole yet, or for the connection.
        case left
    }

    /// Judges a native header with a bit above the largest length.
    ///
    /// - Parameter header: the word at `position`, read once.
    private func controlFrame(_ header: UInt64, at position: UnsafeRawPointer, available: Int, frame: Int) throws(TransportError)
        -> ControlFrame
    {
        let kind = UInt8(truncatingIfNeeded: header >> NativeHeader.kindShift)
        let flags = UInt8(truncatingIfNeeded: header >> NativeHeader.flagsShift)
        let length = UInt64(UInt32(truncatingIfNeeded: header))
        guard header >> NativeHeader.reservedShift == 0, flags & ~NativeHeader.ignorable == 0 else {
            throw Self.malformed("the header has a bit set that must be zero; the peer is broken or speaks a newer version", frame: frame)
        }
        guard length <= longest else {
            throw TransportError(
                .frameTooLong, during: .receive,
                detail: "a frame announces \(length) bytes, the limit is \(longest); raise maximumFrameLength or mend the peer")
        }
        let isIgnorable = flags & NativeHeader.ignorable != 0
        // The kinds of a lane exist for those who have offered one.
        guard let known = FrameKind(rawValue: kind), !known.isOfLane || endsAtLaneFrames else {
            guard isIgnorable else {
                throw Self.malformed(
                    "frame kind \(kind) is unknown and not marked as ignorable; the peer speaks a newer version", frame: frame)
            }
            let encodedLength = NativeHeader.encodedLength(ofPayload: Int(length))
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

    static func malformed(_ detail: String, frame: Int) -> TransportError {
        TransportError(.malformedFrame, during: .receive, detail: "\(detail) (frame \(frame) of this batch)")
    }
}
