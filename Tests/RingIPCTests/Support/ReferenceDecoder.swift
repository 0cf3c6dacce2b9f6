@testable import RingIPC

/// What a stream of bytes says, whoever reads it.
struct StreamVerdict: Equatable {
    enum Frame: Equatable {
        case data([UInt8])
        case null
    }

    /// The frames before the end or the error.
    var frames: [Frame] = []
    var error: TransportError.Code?
    /// The stream ended with a goodbye and nothing came after it.
    var isFinished = false
    /// Bytes of a frame that has begun. Not told after an error.
    var restCount = 0

    /// The same without the cuts, which mean nothing where there are no frames.
    var joined: StreamVerdict {
        var joined = self
        let bytes = frames.flatMap { frame -> [UInt8] in if case .data(let bytes) = frame { bytes } else { [] } }
        joined.frames = bytes.isEmpty ? [] : [.data(bytes)]
        return joined
    }
}

/// The wire format as `Docs/WireFormat.md` tells it: slow, one byte at a time, with nothing in common with `FrameParser`.
struct ReferenceDecoder {
    let format: FrameFormat
    let limit: Int

    func verdict(on stream: [UInt8]) -> StreamVerdict {
        var verdict = StreamVerdict()
        guard format != .bytes else {
            if !stream.isEmpty { verdict.frames = [.data(stream)] }
            return verdict
        }
        var frame: [UInt8] = []
        var wanted = 1
        for byte in stream {
            if verdict.isFinished { return failed(verdict, .malformedFrame) }
            frame.append(byte)
            if frame.count < wanted { continue }
            switch examine(frame) {
            case .incomplete(let count):
                wanted = count
                continue
            case .frame(let whole): verdict.frames.append(whole)
            case .skipped: break
            case .goodbye: verdict.isFinished = true
            case .error(let code): return failed(verdict, code)
            }
            (frame, wanted) = ([], 1)
        }
        verdict.restCount = frame.count
        return verdict
    }

    private func failed(_ verdict: StreamVerdict, _ code: TransportError.Code) -> StreamVerdict {
        StreamVerdict(frames: verdict.frames, error: code)
    }

    private enum Finding {
        case skipped, goodbye
        /// Nothing can be said before there are so many bytes.
        case incomplete(until: Int)
        case frame(StreamVerdict.Frame)
        case error(TransportError.Code)
    }

    private func examine(_ bytes: [UInt8]) -> Finding {
        format == .native ? examineNative(bytes) : examinePrefixed(bytes)
    }

    private func examineNative(_ bytes: [UInt8]) -> Finding {
        guard bytes.count >= 8 else { return .incomplete(until: 8) }
        let (length, kind, flags) = (number(bytes[0..<4], isLittle: true), bytes[4], bytes[5])
        if flags > 1 || bytes[6] != 0 || bytes[7] != 0 { return .error(.malformedFrame) }
        if length > limit { return .error(.frameTooLong) }
        let isIgnorable = flags == 1
        if kind <= 1 && isIgnorable { return .error(.malformedFrame) }
        if kind > 1 && !isIgnorable { return .error(.malformedFrame) }
        if kind == 1 { return length == 0 ? .goodbye : .error(.malformedFrame) }
        var end = 8 + length
        while end % 8 != 0 { end += 1 }
        guard bytes.count == end else { return .incomplete(until: end) }
        if kind > 1 { return .skipped }
        for byte in bytes[(8 + length)...] where byte != 0 { return .error(.malformedFrame) }
        return .frame(.data(Array(bytes[8..<(8 + length)])))
    }

    private func examinePrefixed(_ bytes: [UInt8]) -> Finding {
        var (isLittle, width) = (false, 4)
        if case .lengthPrefixed(let order, let lengthWidth) = format {
            isLittle = order == .little || order == .host && 1.littleEndian == 1
            width = lengthWidth == .two ? 2 : lengthWidth == .four ? 4 : 8
        }
        guard bytes.count >= width else { return .incomplete(until: width) }
        if bytes[isLittle ? width - 1 : 0] >= 0x80, width == 8 { return .error(.malformedFrame) }
        let length = number(bytes[0..<width], isLittle: isLittle)
        if format == .qByteArray, length == 0xFFFF_FFFF { return .frame(.null) }
        if length > limit { return .error(.frameTooLong) }
        return bytes.count == width + length ? .frame(.data(Array(bytes[width...]))) : .incomplete(until: width + length)
    }

    private func number(_ bytes: ArraySlice<UInt8>, isLittle: Bool) -> Int {
        var number = 0
        for byte in isLittle ? bytes.reversed() : Array(bytes) { number = number * 256 + Int(byte) }
        return number
    }
}
