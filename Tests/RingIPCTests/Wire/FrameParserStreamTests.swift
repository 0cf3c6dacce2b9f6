import Testing

@testable import RingIPC

/// Streams in all their pieces: what is found must not depend on where the kernel happened to cut.
@Suite struct FrameParserStreamTests {
    @Test(arguments: FrameFormat.all)
    func `a stream cut at any byte holds the same frames`(_ format: FrameFormat) {
        let stream = Self.variedStream(format)
        let expected = ReferenceDecoder(format: format, limit: 40).verdict(on: stream)
        #expect(expected.error == nil && expected.frames.count >= 12)
        for cut in 0...stream.count {
            let verdict = ParserFeed.verdict(on: [stream[..<cut], stream[cut...]], format, limit: 40)
            #expect(verdict == expected, "cut at byte \(cut)")
        }
    }

    @Test(arguments: FrameFormat.all)
    func `every beginning of a stream holds its whole frames and nothing more`(_ format: FrameFormat) {
        let stream = Self.variedStream(format)
        let reference = ReferenceDecoder(format: format, limit: 40)
        for end in 0...stream.count {
            let beginning = Array(stream[..<end])
            #expect(
                ParserFeed.verdict(on: [beginning], format, limit: 40) == reference.verdict(on: beginning), "ended at byte \(end)")
        }
    }

    @Test(arguments: FrameFormat.all)
    func `random frames in random pieces arrive as they were sent`(_ format: FrameFormat) {
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let stream = StreamMaker(format: format).randomStream(frames: 12, longest: 60, &random)
            let expected = ReferenceDecoder(format: format, limit: 60).verdict(on: stream)
            #expect(expected.error == nil, "seed \(seed)")
            let verdict = ParserFeed.verdict(on: random.pieces(of: stream), format, limit: 60)
            #expect(verdict == expected, "seed \(seed)")
        }
    }

    @Test(arguments: FrameFormat.all)
    func `a damaged stream gets the same verdict however it is cut`(_ format: FrameFormat) {
        for seed in 1...1_500 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var stream = StreamMaker(format: format).randomStream(frames: 6, longest: 30, &random)
            Self.damage(&stream, &random)
            Self.expectSameVerdict(stream, format, seed: seed, &random)
        }
    }

    @Test(arguments: FrameFormat.all)
    func `random bytes get the same verdict however they are cut`(_ format: FrameFormat) {
        for seed in 1...1_500 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            // Small numbers make plausible headers; evenly random bytes would nearly all fail at the first one.
            let stream = (0..<random.number(0...80)).map { _ in UInt8(random.bool(oneIn: 2) ? 0 : random.number(0...9)) }
            Self.expectSameVerdict(stream, format, seed: seed, &random)
            Self.expectSameVerdict(random.bytes(random.number(0...40)), format, seed: seed, &random)
        }
    }

    // MARK: Streams

    /// All lengths around the padding, and everything else that may lie between data frames.
    private static func variedStream(_ format: FrameFormat) -> [UInt8] {
        let maker = StreamMaker(format: format)
        var stream: [UInt8] = []
        for length in Array(0...9) + [16, 23, 40] { stream += maker.frame((0..<length).map { UInt8($0 + length) }) }
        if format == .native {
            stream += StreamMaker.native(kind: 200, flags: 1, payload: [1, 2, 3])
            stream += StreamMaker.native(kind: 2, flags: 1)
            stream += maker.frame([0xAA])
            stream += StreamMaker.goodbye
        }
        if format == .qByteArray { stream += StreamMaker.qtNull + maker.frame([]) + StreamMaker.qtNull }
        return stream
    }

    private static func damage(_ stream: inout [UInt8], _ random: inout SeededRandom) {
        guard !stream.isEmpty else { return }
        for _ in 0..<random.number(1...3) {
            let place = random.number(0...(stream.count - 1))
            switch random.number(0...4) {
            case 0: stream[place] ^= 1 << UInt8(random.number(0...7))
            case 1: stream[place] = UInt8(random.number(0...255))
            case 2: stream.insert(UInt8(random.number(0...255)), at: place)
            case 3 where stream.count > 1: stream.remove(at: place)
            default: stream.replaceSubrange(place..<min(stream.count, place + 4), with: [0xFF, 0xFF, 0xFF, 0xFF])
            }
        }
    }

    private static func expectSameVerdict(_ stream: [UInt8], _ format: FrameFormat, seed: UInt64, _ random: inout SeededRandom) {
        let limit = random.number(0...30)
        let expected = ReferenceDecoder(format: format, limit: limit).verdict(on: stream)
        let whole = ParserFeed.verdict(on: [stream], format, limit: limit)
        #expect(whole == expected, "seed \(seed), limit \(limit), whole: \(stream)")
        let cut = ParserFeed.verdict(on: random.pieces(of: stream), format, limit: limit)
        #expect(cut == expected, "seed \(seed), limit \(limit), in pieces: \(stream)")
    }
}
