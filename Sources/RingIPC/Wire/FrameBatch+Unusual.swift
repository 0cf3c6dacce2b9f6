// What is not worth a place in the loop over frames: lengths of two and of eight bytes, lengths that are no lengths, and bytes without frames.

extension FrameBatch {
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
        return form == .none ? takeBytes(upTo: maximumCount) : try next()
    }

    @_lifetime(copy self)
    private mutating func takeBytes(upTo maximumCount: Int) -> FrameView? {
        let count = min(unsafe end - position, maximumCount)
        guard count > 0 else { return nil }
        return unsafe take(payload: position, count: count, encodedLength: count)
    }

    /// Called for every frame in forms with other lengths than those of four bytes, and for every length of four bytes that is over the limit.
    @usableFromInline
    @inline(never)
    @_lifetime(copy self)
    mutating func nextUnusual() throws(TransportError) -> FrameView? {
        if form == .none { return takeBytes(upTo: .max) }
        let available = unsafe end - position
        let headerLength = form.headerLength
        guard available >= headerLength else { return nil }
        let length = unsafe form.length(at: position)
        if form == .qByteArray, length == QByteArrayLength.null {
            return unsafe take(payload: position + headerLength, count: 0, encodedLength: headerLength, isNull: true)
        }
        guard length <= longest else { throw unacceptable(length) }
        let encodedLength = headerLength + Int(length)
        guard available >= encodedLength else { return nil }
        return unsafe take(payload: position + headerLength, count: Int(length), encodedLength: encodedLength)
    }

    private var longest: Int64 { limit < 0 ? ~limit : limit }

    private func unacceptable(_ length: UInt64) -> TransportError {
        if form == .qByteArray, length == QByteArrayLength.extended {
            return TransportError(
                .frameTooLong, during: .receive,
                detail: "a frame announces a 64-bit length (Qt 6.7 and later); arrays over 4 GiB are not taken")
        }
        guard length <= Int64.max else {
            return malformed("a frame announces \(Int64(bitPattern: length)) bytes; check that both ends use the same format")
        }
        return TransportError(
            .frameTooLong, during: .receive,
            detail: "a frame announces \(length) bytes, the limit is \(longest); "
                + "raise maximumFrameLength, or check that both ends use the same format")
    }
}

extension FrameParser.Form {
    init(_ format: FrameFormat) {
        self =
            switch format {
            case .native: .native
            case .lengthPrefixed(let order, .two): order.isLittle ? .littleTwo : .bigTwo
            case .lengthPrefixed(let order, .four): order.isLittle ? .little : .big
            case .lengthPrefixed(let order, .eight): order.isLittle ? .littleEight : .bigEight
            case .qByteArray: .qByteArray
            case .bytes: .none
            }
    }

    /// Whether frames are found, and written, by code that is inlined where they are used: in the forms that have to be fast.
    var isUsual: Bool { headerLength == 4 || self == .native }

    var headerLength: Int {
        switch self {
        case .native, .littleEight, .bigEight: 8
        case .little, .big, .qByteArray: 4
        case .littleTwo, .bigTwo: 2
        case .none: 0
        }
    }

    /// The length at `header`, where the whole header is.
    func length(at header: UnsafeRawPointer) -> UInt64 {
        switch self {
        case .native, .little: unsafe UInt64(UInt32(littleEndian: header.loadUnaligned(as: UInt32.self)))
        case .big, .qByteArray: unsafe UInt64(UInt32(bigEndian: header.loadUnaligned(as: UInt32.self)))
        case .littleTwo: unsafe UInt64(UInt16(littleEndian: header.loadUnaligned(as: UInt16.self)))
        case .bigTwo: unsafe UInt64(UInt16(bigEndian: header.loadUnaligned(as: UInt16.self)))
        case .littleEight: unsafe UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
        case .bigEight: unsafe UInt64(bigEndian: header.loadUnaligned(as: UInt64.self))
        case .none: 0
        }
    }
}

/// Lengths that `QDataStream` gives a meaning of their own (`qbytearray.cpp`, `qdatastream.h`).
enum QByteArrayLength {
    static let null: UInt32 = 0xFFFF_FFFF
    /// A 64-bit length follows (Qt 6.7). Frames of that size are over every limit here.
    static let extended: UInt32 = 0xFFFF_FFFE
}
