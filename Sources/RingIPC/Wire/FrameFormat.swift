/// The order in which the bytes of a length are written.
public enum ByteOrder: Sendable, Hashable {
    /// Least significant byte first.
    case little
    /// Most significant byte first: network order.
    case big
    /// The order of this machine: what a program writes that copies an integer as it is.
    case host

    @inlinable
    var isLittle: Bool {
        switch self {
        case .little: true
        case .big: false
        case .host: UInt32(littleEndian: 1) == 1
        }
    }
}

/// How many bytes the length in front of a payload takes.
public enum LengthWidth: Int, Sendable, Hashable {
    /// 16 bits: payloads of up to 65,535 bytes.
    case two = 2
    /// 32 bits.
    case four = 4
    /// 64 bits. A length with the sign bit is an error, so that signed and unsigned ones are the same.
    case eight = 8
}

/// How the length of a frame is written in front of its payload. Both ends must use the same.
///
/// `Docs/WireFormat.md` gives each form byte by byte.
public enum FrameFormat: Sendable, Hashable {
    /// RingIPC's own form: an 8-byte header, payloads padded to 8 bytes and so aligned in the receiver's ring; a hello that finds a
    /// wrong peer at once, and a goodbye that tells an end from a death. The choice between two RingIPC programs.
    case native
    /// A length in the given order, of four bytes unless said otherwise, then the payload. No hello and no goodbye: any existing program
    /// can be the peer.
    case lengthPrefixed(ByteOrder, width: LengthWidth = .four)
    /// What `QDataStream << QByteArray` writes: a 4-byte big-endian length, then the payload; a length of `0xFFFFFFFF` stands for
    /// a null array (Qt 6, `qbytearray.cpp`).
    case qByteArray
    /// No framing at all: a send writes its bytes and nothing else, and what has arrived is handed over as it is, cut anywhere, as one view
    /// (``FrameBatch/next(upTo:)``). For peers whose messages have another form, which the handler knows.
    case bytes
}

extension FrameFormat {
    /// Bytes in front of a payload: 8 in the native format, the width of the length in the others, 0 without one.
    @inlinable
    public var headerLength: Int {
        switch self {
        case .native: 8
        case .lengthPrefixed(_, let width): width.rawValue
        case .qByteArray: 4
        case .bytes: 0
        }
    }

    /// The largest `maximumFrameLength` that a configuration can have. Lengths from 2^31 on are always an error: the hello of the
    /// native format and Qt's reserved lengths live there.
    public static var largestFrameLength: Int { Int(Int32.max) - 16 }

    /// The longest payload that the format can carry, whatever the configuration says. Bytes without frames have no such limit.
    var longestPayload: Int {
        switch self {
        case .lengthPrefixed(_, .two): Int(UInt16.max)
        case .bytes: .max
        case .native, .lengthPrefixed, .qByteArray: Self.largestFrameLength
        }
    }

    /// Bytes that a payload takes on the wire: header, payload and padding. This is what a frame counts in ``Configuration/outboundLimit``.
    ///
    /// - Parameter length: bytes of payload, from 0 to ``largestFrameLength``.
    @inlinable
    public func encodedLength(ofPayload length: Int) -> Int {
        self == .native ? NativeHeader.encodedLength(ofPayload: length) : headerLength &+ length
    }
}
