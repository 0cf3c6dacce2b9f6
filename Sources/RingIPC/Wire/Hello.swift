/// What each side of a native connection sends first, without waiting for the other's.
///
/// Its first four bytes, read as a length in either byte order, exceed every limit: a server of a plain format refuses a native
/// client with its first frame, and the other way round.
struct Hello: Equatable {
    static let magic: (UInt8, UInt8, UInt8, UInt8) = (0xFF, 0x52, 0x49, 0xFF)
    static let version: UInt8 = 1
    /// Magic, version, reserved byte, length of the body.
    static let headerLength = 8
    static let bodyLength = 16
    static let encodedLength = headerLength + bodyLength
    /// A later version may have a longer body, up to this.
    static let maximumBodyLength = 1_024

    /// Bits 0…31 may be ignored by a peer that does not know them; it must refuse the connection for an unknown one of 32…63.
    var features: UInt64 = 0
    /// The longest payload that the sender of this hello takes.
    var maximumFrameLength: UInt32

    static let knownRequiredFeatures: UInt64 = 0
    /// The sender passes a segment of shared memory with its hello.
    static let sharedMemory: UInt64 = 1 << 0

    var offersSharedMemory: Bool { features & Self.sharedMemory != 0 }

    /// Writes ``encodedLength`` bytes.
    func write(to destination: UnsafeMutableRawPointer) {
        let (a, b, c, d) = Self.magic
        unsafe destination.storeBytes(of: a, toByteOffset: 0, as: UInt8.self)
        unsafe destination.storeBytes(of: b, toByteOffset: 1, as: UInt8.self)
        unsafe destination.storeBytes(of: c, toByteOffset: 2, as: UInt8.self)
        unsafe destination.storeBytes(of: d, toByteOffset: 3, as: UInt8.self)
        unsafe destination.storeBytes(of: Self.version, toByteOffset: 4, as: UInt8.self)
        unsafe destination.storeBytes(of: 0, toByteOffset: 5, as: UInt8.self)
        unsafe destination.storeBytes(of: UInt16(Self.bodyLength).littleEndian, toByteOffset: 6, as: UInt16.self)
        unsafe destination.storeBytes(of: features.littleEndian, toByteOffset: 8, as: UInt64.self)
        unsafe destination.storeBytes(of: maximumFrameLength.littleEndian, toByteOffset: 16, as: UInt32.self)
        unsafe destination.storeBytes(of: 0, toByteOffset: 20, as: UInt32.self)
    }

    /// How many bytes the hello takes that begins with `bytes`, or `nil` while fewer than ``headerLength`` are there.
    ///
    /// A wrong first byte is an error at once, so that a plain-format peer is not waited for.
    static func encodedLength(ofHelloBeginningWith bytes: UnsafeRawBufferPointer) throws(TransportError) -> Int? {
        let (a, b, c, d) = magic
        let expected = [a, b, c, d]
        for index in 0..<min(4, bytes.count) {
            guard unsafe bytes[index] == expected[index] else {
                throw incompatible("the peer does not speak the native format; give both ends the same FrameFormat")
            }
        }
        guard bytes.count >= headerLength else { return nil }
        guard unsafe bytes[4] == version else {
            throw incompatible("the peer speaks version \(unsafe bytes[4]) of the native format, this side \(version)")
        }
        guard unsafe bytes[5] == 0 else { throw incompatible("the peer's hello has a bit set that must be zero") }
        let length = Int(UInt16(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self)))
        guard length >= bodyLength, length <= maximumBodyLength, length & 7 == 0 else {
            throw incompatible("the peer's hello announces a body of \(length) bytes")
        }
        return headerLength + length
    }

    /// Reads a whole hello. Bytes behind the part that this version knows are a later version's and are passed over.
    init(reading bytes: UnsafeRawBufferPointer) throws(TransportError) {
        guard let length = unsafe try Self.encodedLength(ofHelloBeginningWith: bytes), bytes.count >= length else {
            throw Self.incompatible("the peer's hello is cut short")
        }
        features = UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        maximumFrameLength = UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
        let unknown = ((features >> 32) << 32) & ~Self.knownRequiredFeatures
        guard unknown == 0 else {
            throw Self.incompatible("the peer demands features that this version lacks (bits \(String(unknown, radix: 16)))")
        }
        guard unsafe bytes.loadUnaligned(fromByteOffset: 20, as: UInt32.self) == 0 else {
            throw Self.incompatible("the peer's hello has a bit set that must be zero")
        }
    }

    init(features: UInt64 = 0, maximumFrameLength: Int) {
        self.features = features
        self.maximumFrameLength = UInt32(clamping: maximumFrameLength)
    }

    static func incompatible(_ detail: String) -> TransportError {
        TransportError(.incompatiblePeer, during: .handshake, detail: detail)
    }
}
