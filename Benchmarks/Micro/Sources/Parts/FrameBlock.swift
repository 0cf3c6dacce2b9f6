/// Frames in a row, written byte by byte as `Docs/WireFormat.md` says, and not by the library's encoder, which is compared with them.
struct FrameBlock {
    /// Few enough that a block of the longest frames stays in the cache.
    static let frameCount = 50

    let format: FrameFormat
    let payloadLength: Int
    let bytes: [UInt8]

    /// The first word of each payload is the frame's number.
    ///
    /// - Parameter payloadLength: a multiple of 8.
    init(format: FrameFormat, payloadLength: Int) {
        self.format = format
        self.payloadLength = payloadLength
        var bytes: [UInt8] = []
        for number in 0..<Self.frameCount {
            bytes += Self.littleEndian(payloadLength, count: format == .native ? 8 : 4)
            bytes += Self.littleEndian(number, count: 8)
            bytes += (8..<payloadLength).map { UInt8(truncatingIfNeeded: $0 &+ number) }
        }
        self.bytes = bytes
    }

    private static func littleEndian(_ value: Int, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
