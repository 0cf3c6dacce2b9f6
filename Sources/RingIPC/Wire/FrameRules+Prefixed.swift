// Lengths in front of a payload, of two, four and eight bytes, lengths that are no lengths, and bytes without frames.

extension FrameRules {
    /// `nil` while the frame is not whole.
    func prefixedFrame(at position: UnsafeRawPointer, available: Int, frame: Int) throws(TransportError) -> Frame? {
        if form == .none { return available > 0 ? Frame(headerLength: 0, count: available, encodedLength: available) : nil }
        let headerLength = form.headerLength
        guard available >= headerLength else { return nil }
        let length = unsafe form.length(at: position)
        if form == .qByteArray, length == QByteArrayLength.null {
            return Frame(headerLength: headerLength, count: 0, encodedLength: headerLength, isNull: true)
        }
        guard length <= longest else { throw unacceptable(length, frame: frame) }
        guard available - headerLength >= Int(length) else { return nil }
        return Frame(headerLength: headerLength, count: Int(length), encodedLength: headerLength + Int(length))
    }

    private func unacceptable(_ length: UInt64, frame: Int) -> TransportError {
        if form == .qByteArray, length == QByteArrayLength.extended {
            return TransportError(
                .frameTooLong, during: .receive,
                detail: "a frame announces a 64-bit length (Qt 6.7 and later); arrays over 4 GiB are not taken")
        }
        guard length <= Int64.max else {
            return Self.malformed(
                "a frame announces \(Int64(bitPattern: length)) bytes; check that both ends use the same format", frame: frame)
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
