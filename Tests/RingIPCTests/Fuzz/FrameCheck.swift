@testable import RingIPC

/// Any bytes, cut anywhere: the parser finds what the reference finds, in memory of exactly the size and in the ring of a blocking connection.
final class FrameCheck {
    private static let formats: [FrameFormat] = [
        .native, .lengthPrefixed(.little), .lengthPrefixed(.big), .lengthPrefixed(.host), .qByteArray,
        .lengthPrefixed(.little, width: .two), .lengthPrefixed(.big, width: .two),
        .lengthPrefixed(.little, width: .eight), .lengthPrefixed(.big, width: .eight), .bytes,
    ]
    /// Two that a short input reaches, two beyond the ring.
    private static let limits = [0, 24, 5_000, 8_000]
    /// The bytes of a long payload, which no input has to hold. None of them can be part of an acceptable header.
    private static let filler = (0..<(127 * 64)).map { UInt8($0 % 127) | 0x80 }

    private let isCanary: Bool
    /// One for each format and limit, made when it is first used: each maps memory.
    private var inbounds: [InboundDriver?]

    init(isCanary: Bool = false) {
        self.isCanary = isCanary
        inbounds = Array(repeating: nil, count: Self.formats.count * Self.limits.count)
    }

    /// What is wrong; `nil` when all agree.
    func failure(on input: UnsafeRawBufferPointer) -> String? {
        var input = unsafe FuzzInput(input)
        let choice = input.byte()
        let formatIndex = (choice & 7 + choice >> 6 * 8) % Self.formats.count
        let limitIndex = choice >> 3 & 3
        let (format, limit) = (Self.formats[formatIndex], Self.limits[limitIndex])
        let (ringStart, stretch, place) = (input.byte(), input.byte(), input.byte())
        let pieces = input.pieceLengths()
        let stream = Self.stretched(input.remaining(), by: max(0, stretch - 128) * 64, at: place)

        let reference = ReferenceDecoder(format: format, limit: isCanary ? limit + 1 : limit)
        let expected = reference.verdict(on: stream)
        let parser = FrameParser(format: format, maximumFrameLength: limit)
        let separate = Self.verdict(on: stream, parser, pieces, asksFirst: choice & 32 != 0)
        guard Self.agrees(separate, expected, format) else {
            return "\(format), limit \(limit): \(separate) in memory of its own, but \(expected)"
        }

        let inbound = inbound(formatIndex * Self.limits.count + limitIndex, format, limit)
        let ring = inbound.verdict(on: stream, pieces, startingAt: ringStart)
        return Self.agrees(ring, expected, format) ? nil : "\(format), limit \(limit): \(ring) in the ring, but \(expected)"
    }

    /// Where there are no frames, the cuts are the pieces'; but nothing may come empty.
    private static func agrees(_ found: StreamVerdict, _ expected: StreamVerdict, _ format: FrameFormat) -> Bool {
        format == .bytes ? found.joined == expected && !found.frames.contains(.data([])) : found == expected
    }

    private func inbound(_ index: Int, _ format: FrameFormat, _ limit: Int) -> InboundDriver {
        if let inbound = inbounds[index] { return inbound }
        let inbound = InboundDriver(format, limit: limit)
        inbounds[index] = inbound
        return inbound
    }

    private static func stretched(_ stream: [UInt8], by count: Int, at place: Int) -> [UInt8] {
        guard count > 0 else { return stream }
        var stretched = stream
        stretched.insert(contentsOf: filler[..<count], at: min(place, stream.count))
        return stretched
    }

    /// Each batch gets memory of exactly its size, so that AddressSanitizer sees any other byte that is touched.
    private static func verdict(on stream: [UInt8], _ parser: FrameParser, _ pieces: PieceLengths, asksFirst: Bool) -> StreamVerdict {
        var verdict = StreamVerdict()
        var position = 0
        for piece in pieces.ranges(in: stream.count) where verdict.error == nil {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.upperBound - position, alignment: 1)
            defer { unsafe memory.deallocate() }
            unsafe memory.copyBytes(from: stream[position..<piece.upperBound])
            let batch = unsafe FrameBatch(parser: parser, memory: UnsafeRawBufferPointer(memory))
            position += verdict.take(batch, asksFirst: asksFirst)
        }
        return verdict
    }
}

extension StreamVerdict {
    /// Takes all frames off, as a reader does that remembers the goodbye, and returns the number of bytes that they took.
    mutating func take(_ batch: consuming FrameBatch, asksFirst: Bool = false) -> Int {
        guard !isFinished else {
            self = StreamVerdict(frames: frames, error: .malformedFrame)
            return 0
        }
        do throws(TransportError) {
            let isThere = asksFirst ? try batch.beginsWithFrame() : nil
            let before = frames.count
            while let frame = try asksFirst ? batch.next(upTo: 9) : batch.next() {
                frames.append(frame.isNull ? .null : .data(unsafe frame.bytes.withUnsafeBytes { unsafe Array($0) }))
            }
            if let isThere { precondition(isThere == (frames.count > before), "beginsWithFrame and next disagree") }
        } catch {
            self = StreamVerdict(frames: frames, error: error.code)
            return 0
        }
        isFinished = batch.isFinished
        restCount = batch.remainingCount
        return batch.consumedCount
    }
}
