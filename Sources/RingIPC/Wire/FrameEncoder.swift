/// Writes frames into memory that its caller has reserved. The mirror of ``FrameParser``; pure like it.
@usableFromInline
struct FrameEncoder: Sendable {
    @usableFromInline let form: FrameParser.Form
    /// Of the length in front of a payload, in the other forms than the native one.
    let lengthWidth: Int

    init(format: FrameFormat) {
        form = FrameParser.Form(format)
        lengthWidth = format.headerLength
    }

    var headerLength: Int { form == .native ? NativeHeader.length : lengthWidth }

    func encodedLength(ofPayload count: Int) -> Int {
        form == .native ? NativeHeader.encodedLength(ofPayload: count) : lengthWidth &+ count
    }

    /// Writes what is around a payload of `count` bytes, which belongs at `destination + headerLength`. `encodedLength(ofPayload:)` bytes
    /// are reserved.
    ///
    /// - Parameter headerBits: what a native header has above the length.
    func writeFrame(around count: Int, headerBits: UInt64 = 0, to destination: UnsafeMutableRawPointer) {
        if form == .native {
            unsafe Self.writeNative(around: count, headerBits: headerBits, to: destination)
        } else {
            unsafe writeHeader(payloadLength: count, to: destination)
        }
    }

    /// The header, and the zeroes behind the payload.
    @inlinable
    @inline(__always)
    static func writeNative(around count: Int, headerBits: UInt64, to destination: UnsafeMutableRawPointer) {
        if count & 7 != 0 {
            // The whole last word; the payload then covers the front of it.
            unsafe (destination + (NativeHeader.encodedLength(ofPayload: count) &- 8)).storeBytes(of: 0 as UInt64, as: UInt64.self)
        }
        unsafe destination.storeBytes(of: (UInt64(truncatingIfNeeded: count) | headerBits).littleEndian, as: UInt64.self)
    }

    /// A header of the forms with four bytes.
    @inlinable
    @inline(__always)
    func writePrefix(_ count: Int, to destination: UnsafeMutableRawPointer) {
        let length = UInt32(truncatingIfNeeded: count)
        unsafe destination.storeBytes(of: form == .little ? length.littleEndian : length.bigEndian, as: UInt32.self)
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
    func paddingLength(ofPayload count: Int) -> Int {
        form == .native ? (0 &- count) & 7 : 0
    }
}
