extension Part {
    static let frames: [Part] = [("native", FrameFormat.native), ("u32le", .lengthPrefixed(.little))].flatMap { name, format in
        [8, 64, 1024].flatMap { size in
            let block = FrameBlock(format: format, payloadLength: size)
            return [
                Part("parse \(name) \(size) B") { Parsing(block) },
                Part("encode \(name) \(size) B") { Encoding(block) },
            ]
        }
    }
}

/// One step is one frame; `count` is a multiple of the frames in a block.
private struct Parsing: Work {
    private let block: FrameBlock
    private let parser: FrameParser
    private var sum: UInt64 = 0

    init(_ block: FrameBlock) {
        self.block = block
        parser = FrameParser(format: block.format, maximumFrameLength: block.payloadLength)
    }

    mutating func run(_ count: Int) throws {
        for _ in 0..<count / FrameBlock.frameCount { sum &+= try sumOfFirstWords() }
    }

    @inline(never)
    private func sumOfFirstWords() throws -> UInt64 {
        var sum: UInt64 = 0
        var frames = unsafe parser.frames(in: block.bytes.span.bytes)
        while let frame = try frames.next() {
            sum &+= unsafe frame.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian
        }
        return sum
    }

    func check(_ count: Int) throws {
        let expected = count / FrameBlock.frameCount * sumOfNumbers(below: FrameBlock.frameCount)
        try require(sum == UInt64(expected), "not every frame was found")
    }
}

/// A frame as `send` writes it: the header, zeroes where the format has them, and the payload copied in.
private struct Encoding: Work {
    private let block: FrameBlock
    private let encoder: FrameEncoder
    private var written: [UInt8]

    init(_ block: FrameBlock) {
        self.block = block
        encoder = FrameEncoder(format: block.format)
        written = [UInt8](repeating: 0xFF, count: block.bytes.count)
    }

    mutating func run(_ count: Int) {
        for _ in 0..<count / FrameBlock.frameCount { writeBlock() }
    }

    @inline(never)
    private mutating func writeBlock() {
        let size = block.payloadLength
        unsafe block.bytes.withUnsafeBytes { source in
            unsafe written.withUnsafeMutableBytes { destination in
                var frame = 0
                for _ in 0..<FrameBlock.frameCount {
                    unsafe encoder.writeFrame(around: size, to: destination.baseAddress! + frame)
                    let payload = frame + encoder.headerLength
                    unsafe (destination.baseAddress! + payload).copyMemory(from: source.baseAddress! + payload, byteCount: size)
                    frame += encoder.encodedLength(ofPayload: size)
                }
            }
        }
    }

    func check(_ count: Int) throws {
        try require(written == block.bytes, "the encoded frames are not what the wire format says")
    }
}
