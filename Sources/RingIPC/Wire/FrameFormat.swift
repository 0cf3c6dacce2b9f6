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

/// How the length of a frame is written in front of its payload. Both ends must use the same.
///
/// `Docs/WireFormat.md` gives each form byte by byte.
public enum FrameFormat: Sendable, Hashable {
    /// RingIPC's own form: an 8-byte header, payloads padded to 8 bytes and so aligned in the receiver's ring; a hello that finds a
    /// wrong peer at once, and a goodbye that tells an end from a death. The choice between two RingIPC programs.
    case native
    /// A 4-byte length in the given order, then the payload. No hello and no goodbye: any existing program can be the peer.
    case lengthPrefixed(ByteOrder)
    /// What `QDataStream << QByteArray` writes: a 4-byte big-endian length, then the payload; a length of `0xFFFFFFFF` stands for
    /// a null array (Qt 6, `qbytearray.cpp`).
    case qByteArray
}

extension FrameFormat {
    /// Bytes in front of a payload: 8 in the native format, else 4.
    @inlinable
    public var headerLength: Int { self == .native ? 8 : 4 }

    /// The largest `maximumFrameLength` that a configuration can have. Lengths from 2^31 on are always an error: the hello of the
    /// native format and Qt's reserved lengths live there.
    public static var largestFrameLength: Int { Int(Int32.max) - 16 }

    /// Bytes that a payload takes on the wire: header, payload and padding. This is what a frame counts in ``Configuration/outboundLimit``.
    ///
    /// - Parameter length: bytes of payload, from 0 to ``largestFrameLength``.
    @inlinable
    public func encodedLength(ofPayload length: Int) -> Int {
        self == .native ? (length &+ 15) & ~7 : 4 &+ length
    }
}
