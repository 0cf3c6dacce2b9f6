/// Writes frames into memory that its caller has reserved. The mirror of ``FrameParser``; pure like it.
@usableFromInline
struct FrameEncoder: Sendable {
    @usableFromInline let form: FrameParser.Form
    /// Of the length in front of a payload, in the other forms than the native one.
    @usableFromInline let lengthWidth: Int

    init(format: FrameFormat) {
        form = FrameParser.Form(format)
        lengthWidth = format.headerLength
    }

    @inlinable
    var headerLength: Int { form == .native ? NativeHeader.length : lengthWidth }

    @inlinable
    func encodedLength(ofPayload count: Int) -> Int {
        form == .native ? (count &+ 15) & ~7 : lengthWidth &+ count
    }

    /// Writes the header of a frame with `count` bytes of payload, and the zeroes behind the payload. The payload itself belongs
    /// at `destination + headerLength`. `encodedLength(ofPayload:)` bytes are reserved. Other forms
    /// than the usual ones have their header already, from ``writeHeader(payloadLength:to:)``.
    @inlinable
    func writeFrame(around count: Int, to destination: UnsafeMutableRawPointer) {
        switch form {
        case .native:
            if count & 7 != 0 {
                // The whole last word; the payload then covers the front of it.
                unsafe (destination + (encodedLength(ofPayload: count) &- 8)).storeBytes(of: 0 as UInt64, as: UInt64.self)
            }
            unsafe destination.storeBytes(of: UInt64(truncatingIfNeeded: count).littleEndian, as: UInt64.self)
        case .little: unsafe destination.storeBytes(of: UInt32(truncatingIfNeeded: count).littleEndian, as: UInt32.self)
        case .big, .qByteArray: unsafe destination.storeBytes(of: UInt32(truncatingIfNeeded: count).bigEndian, as: UInt32.self)
        case .littleTwo, .bigTwo, .littleEight, .bigEight, .none: break
        }
    }

    /// Writes a header in whatever form.
    func writeHeader(payloadLength: Int, to destination: UnsafeMutableRawPointer) {
        let (two, four) = (UInt16(truncatingIfNeeded: payloadLength), UInt32(truncatingIfNeeded: payloadLength))
        let eight = UInt64(truncatingIfNeeded: payloadLength)
        switch form {
        case .native, .littleEight: unsafe destination.storeBytes(of: eight.littleEndian, as: UInt64.self)
        case .little: unsafe destination.storeBytes(of: four.littleEndian, as: UInt32.self)
        case .big, .qByteArray: unsafe destination.storeBytes(of: four.bigEndian, as: UInt32.self)
        case .littleTwo: unsafe destination.storeBytes(of: two.littleEndian, as: UInt16.self)
        case .bigTwo: unsafe destination.storeBytes(of: two.bigEndian, as: UInt16.self)
        case .bigEight: unsafe destination.storeBytes(of: eight.bigEndian, as: UInt64.self)
        case .none: break
        }
    }

    /// Zeroes behind a payload of `count` bytes.
    @inlinable
    func paddingLength(ofPayload count: Int) -> Int {
        form == .native ? (0 &- count) & 7 : 0
    }
}
