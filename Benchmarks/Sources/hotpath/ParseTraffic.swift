import RingIPC

/// Finds the frames of a block of memory again and again. No kernel, and no sockets.
func runParse(_ count: Int, _ format: FrameFormat) throws {
    let framesPerBlock = 100
    let block = (0..<framesPerBlock).flatMap { _ in frame(format) }
    let parser = FrameParser(format: format, maximumFrameLength: payloadLength)
    var found = 0
    while found < count {
        var frames = unsafe parser.frames(in: block.span.bytes)
        while let frame = try frames.next() { found += frame.count / payloadLength }
    }
}

private let payloadLength = 64

private func frame(_ format: FrameFormat) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: format.encodedLength(ofPayload: payloadLength))
    bytes[0] = UInt8(payloadLength)
    return bytes
}
