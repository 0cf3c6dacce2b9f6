/// Writes frames into memory that its caller has reserved. The mirror of ``FrameParser``; pure like it.
@usableFromInline
struct FrameEncoder: Sendable {
    @usableFromInline
    enum Form: UInt8, Sendable { case native, little, big }

    @usableFromInline let form: Form
    @usableFromInline let acceptsNull: Bool

    init(format: FrameFormat) {
        switch format {
        case .native: form = .native
        case .lengthPrefixed(let order): form = order.isLittle ? .little : .big
        case .qByteArray: form = .big
        }
        acceptsNull = format == .qByteArray
    }

    @inlinable
    var headerLength: Int { form == .native ? NativeHeader.length : 4 }

    @inlinable
    func encodedLength(ofPayload count: Int) -> Int {
        form == .native ? (count &+ 15) & ~7 : 4 &+ count
    }

    /// Writes the header of a frame with `count` bytes of payload, and the zeroes behind the payload. The payload itself belongs
    /// at `destination + headerLength`. `encodedLength(ofPayload:)` bytes are reserved.
    @inlinable
    func writeFrame(around count: Int, to destination: UnsafeMutableRawPointer) {
        if form == .native, count & 7 != 0 {
            // The whole last word; the payload then covers the front of it.
            unsafe (destination + (encodedLength(ofPayload: count) &- 8)).storeBytes(of: 0 as UInt64, as: UInt64.self)
        }
        unsafe writeHeader(payloadLength: count, to: destination)
    }

    @inlinable
    func writeHeader(payloadLength: Int, to destination: UnsafeMutableRawPointer) {
        switch form {
        case .native: unsafe destination.storeBytes(of: UInt64(truncatingIfNeeded: payloadLength).littleEndian, as: UInt64.self)
        case .little: unsafe destination.storeBytes(of: UInt32(truncatingIfNeeded: payloadLength).littleEndian, as: UInt32.self)
        case .big: unsafe destination.storeBytes(of: UInt32(truncatingIfNeeded: payloadLength).bigEndian, as: UInt32.self)
        }
    }

    /// Zeroes behind a payload of `count` bytes.
    @inlinable
    func paddingLength(ofPayload count: Int) -> Int {
        form == .native ? (0 &- count) & 7 : 0
    }
}
