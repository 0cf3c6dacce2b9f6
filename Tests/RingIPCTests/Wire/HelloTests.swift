import Testing

@testable import RingIPC

@Suite struct HelloTests {
    private static func encoded(_ hello: Hello) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: Hello.encodedLength)
        unsafe bytes.withUnsafeMutableBytes { unsafe hello.write(to: $0.baseAddress!) }
        return bytes
    }

    private static func read(_ bytes: [UInt8]) throws(TransportError) -> Hello {
        // Misaligned on purpose: a hello can begin anywhere in a buffer.
        let shifted = [0] + bytes
        return try unsafe shifted.span.bytes.withUnsafeBytes { memory throws(TransportError) in
            try unsafe Hello(reading: UnsafeRawBufferPointer(rebasing: memory.dropFirst()))
        }
    }

    private static func length(of bytes: [UInt8]) throws(TransportError) -> Int? {
        try unsafe bytes.span.bytes.withUnsafeBytes { memory throws(TransportError) in
            try unsafe Hello.encodedLength(ofHelloBeginningWith: memory)
        }
    }

    private static let usual = encoded(Hello(maximumFrameLength: 16 << 20))

    @Test func `a hello is the bytes that the document gives`() {
        #expect(
            Self.usual == [
                0xFF, 0x52, 0x49, 0xFF, 0x01, 0x00, 0x10, 0x00,
                0, 0, 0, 0, 0, 0, 0, 0,
                0x00, 0x00, 0x00, 0x01, 0, 0, 0, 0,
            ])
        #expect(Self.usual.count % 8 == 0, "what follows it stays aligned")
    }

    @Test func `a hello is read as it was written`() throws {
        for (features, limit) in [(0, 0), (1, 1), (0xFFFF_FFFF, 1 << 20), (0x8000_0001, FrameFormat.largestFrameLength)] {
            let hello = Hello(features: UInt64(features), maximumFrameLength: limit)
            #expect(try Self.read(Self.encoded(hello)) == hello)
        }
        #expect(Hello(maximumFrameLength: .max).maximumFrameLength == .max)
        #expect(Hello(maximumFrameLength: -1).maximumFrameLength == 0)
    }

    @Test func `a hello that is cut short is waited for, and never read`() throws {
        for count in 0..<Self.usual.count {
            let beginning = Array(Self.usual[..<count])
            #expect(try Self.length(of: beginning) == (count < 8 ? nil : 24), "\(count) bytes")
            let error = transportError { () throws(TransportError) in _ = try Self.read(beginning) }
            #expect(error?.code == .incompatiblePeer, "\(count) bytes")
            #expect(error?.operation == .handshake)
        }
    }

    @Test func `each wrong byte of the header is found as soon as it is there`() {
        // The last byte of the magic number, then version, reserved byte, length of the body.
        for place in 0..<8 {
            for wrong in 0...255 as ClosedRange<UInt8> where wrong != Self.usual[place] {
                var bytes = Self.usual
                bytes[place] = wrong
                let error = transportError { () throws(TransportError) in _ = try Self.length(of: bytes) }
                if place == 6, wrong % 8 == 0, wrong > 16 { continue }
                if place == 7, wrong < 4 || (wrong == 4 && bytes[6] == 0) { continue }
                #expect(error?.code == .incompatiblePeer, "byte \(place) is \(wrong)")
                if place < 4 {
                    let beginning = Array(bytes[...place])
                    let early = transportError { () throws(TransportError) in _ = try Self.length(of: beginning) }
                    #expect(early?.detail.contains("same FrameFormat") == true, "byte \(place) is \(wrong)")
                }
            }
        }
    }

    @Test func `the error tells which version both sides speak, or which byte is wrong`() {
        var newer = Self.usual
        newer[4] = 7
        let version = transportError { () throws(TransportError) in _ = try Self.read(newer) }
        #expect(version?.detail == "the peer speaks version 7 of the native format, this side 1")
        var reserved = Self.usual
        reserved[5] = 1
        let bit = transportError { () throws(TransportError) in _ = try Self.read(reserved) }
        #expect(bit?.detail.contains("must be zero") == true)
        var short = Self.usual
        short[6] = 8
        let body = transportError { () throws(TransportError) in _ = try Self.read(short) }
        #expect(body?.detail.contains("a body of 8 bytes") == true)
    }

    @Test func `the reserved end of the body must be zero`() {
        for place in 20..<24 {
            var bytes = Self.usual
            bytes[place] = 1
            let error = transportError { () throws(TransportError) in _ = try Self.read(bytes) }
            #expect(error?.code == .incompatiblePeer, "byte \(place)")
        }
    }

    @Test func `a longer body is passed over, up to 1024 bytes and in steps of 8`() throws {
        for bodyLength in 17...1_100 {
            var bytes = Self.usual
            bytes[6] = UInt8(truncatingIfNeeded: bodyLength)
            bytes[7] = UInt8(truncatingIfNeeded: bodyLength >> 8)
            bytes += [UInt8](repeating: 0xCD, count: bodyLength - 16)
            guard bodyLength % 8 == 0, bodyLength <= 1_024 else {
                let error = transportError { () throws(TransportError) in _ = try Self.length(of: bytes) }
                #expect(error?.code == .incompatiblePeer, "\(bodyLength) bytes")
                continue
            }
            #expect(try Self.length(of: bytes) == 8 + bodyLength)
            #expect(try Self.read(bytes) == Hello(maximumFrameLength: 16 << 20))
            let short = transportError { () throws(TransportError) in _ = try Self.read(bytes.dropLast()) }
            #expect(short?.detail.contains("cut short") == true)
        }
    }

    @Test func `an unknown optional feature is ignored, an unknown required one refused by its bit`() throws {
        for bit in 0..<64 {
            let hello = Hello(features: 1 << UInt64(bit), maximumFrameLength: 5)
            guard bit >= 32 else {
                #expect(try Self.read(Self.encoded(hello)) == hello)
                continue
            }
            let error = transportError { () throws(TransportError) in _ = try Self.read(Self.encoded(hello)) }
            #expect(error?.code == .incompatiblePeer, "bit \(bit)")
            #expect(error?.detail.contains("bits " + String(UInt64(1) << bit, radix: 16)) == true, "bit \(bit)")
        }
    }

    // MARK: Plain formats and the native one do not mistake each other

    @Test func `the magic number is over every limit in both orders`() {
        let magic = Self.usual[0..<4].map(Int.init)
        let little = magic[0] | magic[1] << 8 | magic[2] << 16 | magic[3] << 24
        let big = magic[3] | magic[2] << 8 | magic[1] << 16 | magic[0] << 24
        #expect(little > FrameFormat.largestFrameLength && big > FrameFormat.largestFrameLength)
        #expect(little < 0xFFFF_FFFE && big < 0xFFFF_FFFE, "and is none of Qt's reserved lengths")
    }

    /// With lengths of two bytes it can be the beginning of a frame.
    @Test(arguments: FrameFormat.wide.filter { $0 != .native })
    func `a receiver of a plain format refuses a hello as soon as a length is there`(_ format: FrameFormat) {
        let error = ParserFeed.error(on: Array(Self.usual[0..<format.headerLength]), format, limit: .max)
        #expect(error?.code == (format == .lengthPrefixed(.big, width: .eight) ? .malformedFrame : .frameTooLong))
        #expect(error?.detail.contains("both ends use the same format") == true)
    }

    @Test(arguments: FrameFormat.wide.filter { $0 != .native })
    func `a native receiver refuses every plain frame within four bytes`(_ format: FrameFormat) {
        let maker = StreamMaker(format: format)
        let lengths: [UInt64] = [0, 1, 0xFF, 0x52FF, 0x4952FF, 0x7F49_52FF, 16 << 20, UInt64(FrameFormat.largestFrameLength)]
        for length in lengths {
            let error = transportError { () throws(TransportError) in _ = try Self.length(of: maker.header(length)) }
            #expect(error?.code == .incompatiblePeer, "length \(length)")
        }
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let length = UInt64(random.number(0...FrameFormat.largestFrameLength))
            let error = transportError { () throws(TransportError) in _ = try Self.length(of: maker.header(length)) }
            #expect(error?.code == .incompatiblePeer, "seed \(seed)")
        }
    }

    @Test func `a native receiver that waits for frames refuses a hello`() {
        #expect(ParserFeed.error(on: Self.usual, .native)?.code == .malformedFrame)
    }
}
