import Testing

@testable import RingIPC

/// Single frames at the edges of the format, and what the errors say.
@Suite struct FrameParserEdgeTests {
    @Test(arguments: FrameFormat.all)
    func `a frame of length zero is a frame`(_ format: FrameFormat) {
        let verdict = ParserFeed.verdict(on: [StreamMaker(format: format).frame([])], format, limit: 0)
        #expect(verdict == StreamVerdict(frames: [.data([])]))
    }

    @Test(arguments: FrameFormat.all)
    func `the longest allowed frame is taken, one byte more is an error`(_ format: FrameFormat) {
        let maker = StreamMaker(format: format)
        for limit in [0, 1, 7, 8, 1_000, 70_001] where limit < format.longestPayload {
            let longest = [UInt8](repeating: 5, count: limit)
            #expect(ParserFeed.verdict(on: [maker.frame(longest)], format, limit: limit) == StreamVerdict(frames: [.data(longest)]))
            // The header alone is enough: nobody waits for a payload that will be refused.
            let error = ParserFeed.error(on: maker.header(UInt64(limit + 1)), format, limit: limit)
            #expect(error?.code == .frameTooLong)
        }
    }

    @Test(arguments: FrameFormat.wide, [0x7FFF_FFF0, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFD, 0xFFFF_FFFE] as [UInt64])
    func `a length beyond the largest is an error under every limit`(_ format: FrameFormat, _ length: UInt64) {
        let error = ParserFeed.error(on: StreamMaker(format: format).header(length), format, limit: .max)
        #expect(error?.code == .frameTooLong)
    }

    @Test(arguments: [ByteOrder.little, .big])
    func `a length of eight bytes is too long up to the sign bit, and malformed with it`(_ order: ByteOrder) {
        let format = FrameFormat.lengthPrefixed(order, width: .eight)
        for length in [1 << 32, 1 << 33 | 5, UInt64(Int64.max)] as [UInt64] {
            let error = ParserFeed.error(on: StreamMaker(format: format).header(length), format, limit: .max)
            #expect(error?.code == .frameTooLong)
            #expect(error?.detail.contains("\(length) bytes") == true)
        }
        for length in [1 << 63, 1 << 63 | 5, UInt64.max] as [UInt64] {
            let error = ParserFeed.error(on: StreamMaker(format: format).header(length), format, limit: .max)
            #expect(error?.code == .malformedFrame)
            #expect(error?.detail.contains("\(Int64(bitPattern: length)) bytes") == true)
        }
    }

    @Test func `a length of two bytes takes all that it can say, and no limit beyond it`() {
        let format = FrameFormat.lengthPrefixed(.big, width: .two)
        let longest = [UInt8](repeating: 5, count: 65_535)
        #expect(ParserFeed.verdict(on: [[0xFF, 0xFF] + longest], format, limit: .max) == StreamVerdict(frames: [.data(longest)]))
        #expect(FrameParser(format: format, maximumFrameLength: 1 << 20).maximumFrameLength == 65_535)
    }

    @Test func `the largest limit is below every length with a meaning of its own`() {
        let parser = FrameParser(format: .qByteArray, maximumFrameLength: .max)
        #expect(parser.maximumFrameLength == FrameFormat.largestFrameLength)
        #expect(FrameFormat.largestFrameLength < 1 << 31)
        #expect(FrameParser(format: .native, maximumFrameLength: -1).maximumFrameLength == 0)
    }

    @Test(arguments: FrameFormat.all)
    func `a frame that is not complete is no frame and no error`(_ format: FrameFormat) {
        let frame = StreamMaker(format: format).frame([1, 2, 3, 4, 5])
        for length in 0..<frame.count {
            let verdict = ParserFeed.verdict(on: [frame[..<length]], format, limit: 100)
            #expect(verdict == StreamVerdict(restCount: length))
        }
    }

    @Test func `every padding byte must be zero`() {
        for length in 0...17 {
            let frame = StreamMaker.native(payload: [UInt8](repeating: 0xFF, count: length))
            for place in (8 + length)..<frame.count {
                for bit in 0..<8 {
                    var broken = frame
                    broken[place] = 1 << UInt8(bit)
                    let error = ParserFeed.error(on: broken, .native)
                    #expect(error?.code == .malformedFrame, "length \(length), byte \(place), bit \(bit)")
                    #expect(error?.detail.contains("not zero") == true)
                }
            }
        }
    }

    @Test func `every reserved bit of the header is refused`() {
        for bit in 41..<64 {
            var header = StreamMaker.goodbye
            header[bit / 8] |= 1 << UInt8(bit % 8)
            let error = ParserFeed.error(on: header, .native)
            #expect(error?.code == .malformedFrame, "bit \(bit)")
            #expect(error?.detail.contains("newer version") == true)
        }
    }

    @Test func `an unknown kind is passed over when it is ignorable, else an error that names it`() {
        for kind in 2...255 as ClosedRange<UInt8> {
            let ignorable = StreamMaker.native(kind: kind, flags: 1, payload: [1, 2, 3])
            let verdict = ParserFeed.verdict(on: [ignorable + StreamMaker.native(payload: [9])], .native, limit: 10)
            #expect(verdict == StreamVerdict(frames: [.data([9])]))
            let error = ParserFeed.error(on: StreamMaker.native(kind: kind), .native)
            #expect(error?.code == .malformedFrame)
            #expect(error?.detail.contains("frame kind \(kind) is unknown") == true)
        }
    }

    @Test func `an ignorable frame obeys the limit too`() {
        var header = StreamMaker.native(kind: 77, flags: 1)
        header[0] = 11
        #expect(ParserFeed.error(on: header, .native, limit: 10)?.code == .frameTooLong)
        #expect(ParserFeed.error(on: header, .native, limit: 11) == nil)
    }

    @Test func `a kind that everybody knows cannot be ignorable`() {
        let data = ParserFeed.error(on: StreamMaker.native(kind: 0, flags: 1, payload: [1]), .native)
        #expect(data?.code == .malformedFrame)
        #expect(data?.detail.contains("marked as ignorable") == true)
        let goodbye = ParserFeed.error(on: StreamMaker.native(kind: 1, flags: 1), .native)
        #expect(goodbye?.code == .malformedFrame)
        #expect(goodbye?.detail.contains("marked as ignorable") == true)
    }

    @Test func `a goodbye has no payload and nothing behind it`() {
        let withPayload = ParserFeed.error(on: StreamMaker.native(kind: 1, payload: [1]), .native)
        #expect(withPayload?.code == .malformedFrame)
        #expect(withPayload?.detail.contains("a goodbye has a payload") == true)
        for follower in [[0], StreamMaker.goodbye, StreamMaker.native(payload: [1])] as [[UInt8]] {
            let error = ParserFeed.error(on: StreamMaker.native(payload: [7]) + StreamMaker.goodbye + follower, .native)
            #expect(error?.code == .malformedFrame)
            #expect(error?.detail.contains("bytes follow a goodbye") == true)
        }
        let alone = ParserFeed.verdict(on: [StreamMaker.goodbye], .native, limit: 0)
        #expect(alone == StreamVerdict(isFinished: true))
    }

    @Test func `Qt's null is no empty array, and no other format has it`() {
        let stream = StreamMaker.qtNull + [0, 0, 0, 0] + StreamMaker.qtNull
        #expect(
            ParserFeed.verdict(on: [stream], .qByteArray, limit: 0) == StreamVerdict(frames: [.null, .data([]), .null]))
        #expect(ParserFeed.error(on: StreamMaker.qtNull, .lengthPrefixed(.big))?.code == .frameTooLong)
        #expect(ParserFeed.error(on: StreamMaker.qtNull, .lengthPrefixed(.little))?.code == .frameTooLong)
    }

    @Test func `Qt's 64-bit length is refused by name`() {
        let error = ParserFeed.error(on: [0xFF, 0xFF, 0xFF, 0xFE, 0, 0, 0, 1, 0, 0, 0, 0], .qByteArray)
        #expect(error?.code == .frameTooLong)
        #expect(error?.detail.contains("64-bit length") == true)
    }

    @Test(arguments: FrameFormat.all)
    func `an error for a long frame names both lengths and the setting`(_ format: FrameFormat) {
        let error = ParserFeed.error(on: StreamMaker(format: format).header(4_242), format, limit: 4_241)
        #expect(error?.operation == .receive)
        for part in ["4242 bytes", "limit is 4241", "raise maximumFrameLength"] {
            #expect(error?.detail.contains(part) == true, "\(part) in: \(error?.detail ?? "no error")")
        }
    }

    @Test(arguments: FrameFormat.all)
    func `a header tells the length of its frame as soon as it is there`(_ format: FrameFormat) {
        let maker = StreamMaker(format: format)
        let parser = FrameParser(format: format, maximumFrameLength: 100)
        for length in [0, 1, 7, 8, 9, 100] {
            let frame = maker.frame([UInt8](repeating: 3, count: length))
            for count in 0...frame.count {
                let told = unsafe frame.withUnsafeBytes {
                    unsafe parser.encodedLength(ofFrameBeginningWith: UnsafeRawBufferPointer(rebasing: $0.prefix(count)))
                }
                #expect(told == (count < format.headerLength ? nil : frame.count))
            }
            #expect(format.encodedLength(ofPayload: length) == frame.count)
        }
        if format == .qByteArray {
            let told = unsafe StreamMaker.qtNull.withUnsafeBytes { unsafe parser.encodedLength(ofFrameBeginningWith: $0) }
            #expect(told == 4)
        }
    }

    @Test func `a batch counts what it handed out and what is left`() throws {
        let stream = StreamMaker.native(payload: [1]) + StreamMaker.native(payload: [2, 3]) + [1, 0, 0]
        var batch = unsafe FrameParser(format: .native, maximumFrameLength: 8).frames(in: stream.span.bytes)
        _ = try batch.next()
        let afterOne = (batch.consumedCount, batch.remainingCount, batch.frameCount)
        #expect(afterOne == (16, 19, 1))
        _ = try batch.next()
        let isOver = try batch.next() == nil
        let afterAll = (batch.consumedCount, batch.remainingCount, batch.frameCount)
        #expect(isOver && afterAll == (32, 3, 2))
    }
}
