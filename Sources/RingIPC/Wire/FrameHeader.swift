/// The constants of the native header, and what can be read from it. `Docs/WireFormat.md` is the reference.
@usableFromInline
enum NativeHeader {
    @usableFromInline static let length = 8

    /// The third byte pair of the header, above the 32 bits of the length.
    static let kindShift: UInt64 = 32
    static let flagsShift: UInt64 = 40
    static let reservedShift: UInt64 = 48

    static let ignorable: UInt8 = 1 << 0

    /// A header without payload, as the little-endian word that is written.
    static func word(kind: FrameKind, payloadLength: UInt32 = 0) -> UInt64 {
        UInt64(payloadLength) | UInt64(kind.rawValue) << kindShift
    }
}

/// What a native frame carries. Data is 0, so that a data header is nothing but its length.
enum FrameKind: UInt8 {
    case data = 0
    /// The sender has closed its side in order; nothing follows.
    case goodbye = 1
}
