import Testing

@testable import RingIPC

/// What is queued is what the reference decoder reads, however it was queued and however it leaves.
@Suite struct OutboundTests {
    private static let chunk = OutboundChunkPool.chunkCapacity

    @Test(arguments: FrameFormat.all)
    func `frames of every size class arrive whole, sent as a copy or written in place`(_ format: FrameFormat) throws {
        let header = format.headerLength
        let lengths =
            Array(0...17) + [100, Self.chunk - header - 8, Self.chunk - header - 1, Self.chunk - header, Self.chunk - header + 1]
            + [Self.chunk, Self.chunk + 1, 3 * Self.chunk + 5, 65_535, 0, 1]
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        do {
            var outbound = Outbound.forTest(format, pool: pool)
            var expected = StreamVerdict()
            for (index, length) in lengths.enumerated() where length <= format.longestPayload {
                let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index) }
                try outbound.send(payload)
                try outbound.sendInPlace(payload)
                expected.frames += [.data(payload), .data(payload)]
            }
            let queued = outbound.queuedBytes
            let stream = outbound.drain()
            #expect(stream.count == queued)
            #expect(Self.verdict(on: stream, format) == expected)
            let (isEmpty, rest, framesSent) = (outbound.isEmpty, outbound.queuedBytes, outbound.framesSent)
            #expect(isEmpty && rest == 0 && framesSent == UInt64(expected.frames.count))
        }
        #expect(pool.lentCount == 0)
    }

    @Test(arguments: FrameFormat.all)
    func `frames that are queued and taken at random times arrive in order`(_ format: FrameFormat) throws {
        for seed in 1...15 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let longest = min(140_000, format.longestPayload)
            let pool = OutboundChunkPool(maximumFreeCount: random.number(0...3))
            do {
                var outbound = Outbound.forTest(format, pool: pool)
                var (stream, expected, queued) = ([] as [UInt8], StreamVerdict(), 0)
                for _ in 0..<60 {
                    if random.bool(oneIn: 3), let piece = unsafe outbound.nextPiece() {
                        // What is queued behind a send that is under way must not move its bytes.
                        let copy = unsafe Array(piece)
                        try outbound.send([1, 2, 3])
                        expected.frames.append(.data([1, 2, 3]))
                        queued += format.encodedLength(ofPayload: 3)
                        let count = random.number(0...copy.count)
                        #expect(unsafe Array(piece) == copy, "seed \(seed)")
                        stream += copy.prefix(count)
                        outbound.markSent(count)
                    }
                    let payload = random.bytes(random.bool(oneIn: 8) ? random.number(60_000...longest) : random.number(0...3_000))
                    if random.bool(oneIn: 2) { try outbound.send(payload) } else { try outbound.sendInPlace(payload) }
                    expected.frames.append(.data(payload))
                    queued += format.encodedLength(ofPayload: payload.count)
                    let waiting = outbound.queuedBytes
                    #expect(waiting == queued - stream.count, "seed \(seed)")
                }
                stream += outbound.drain { random.number(1...$0) }
                #expect(Self.isVerdict(on: stream, format, expected), "seed \(seed)")
            }
            #expect(pool.lentCount == 0, "seed \(seed)")
        }
    }

    @Test func `every piece begins with a whole header`() throws {
        // A cut header costs its receiver a copy; so does a cut small frame.
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        var outbound = Outbound.forTest(.native, pool: pool)
        for _ in 0..<200 { try outbound.send([UInt8](repeating: 1, count: 1_000)) }
        while let piece = unsafe outbound.nextPiece() {
            let stream = unsafe Array(piece)
            let verdict = Self.verdict(on: stream, .native)
            #expect(verdict.error == nil && verdict.restCount == 0)
            outbound.markSent(stream.count)
        }
    }

    @Test func `null is sent in Qt's format and refused in all others`() throws {
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        var qt = Outbound.forTest(.qByteArray, pool: pool)
        try qt.send([])
        try qt.sendNull()
        try qt.send([4])
        let (framesSent, stream) = (qt.framesSent, qt.drain())
        #expect(framesSent == 3)
        #expect(Self.verdict(on: stream, .qByteArray) == StreamVerdict(frames: [.data([]), .null, .data([4])]))
        for format in FrameFormat.all where format != .qByteArray {
            var outbound = Outbound.forTest(format, pool: pool)
            let error = transportError { () throws(TransportError) in try outbound.sendNull() }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.detail.contains("send an empty frame instead") == true)
            let isEmpty = outbound.isEmpty
            #expect(isEmpty)
        }
    }

    @Test func `a hello and a goodbye travel in their place between frames`() throws {
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        var outbound = Outbound.forTest(.native, pool: pool)
        let hello = Hello(maximumFrameLength: 99)
        unsafe outbound.appendControl(length: Hello.encodedLength) { unsafe hello.write(to: $0) }
        try outbound.send([1])
        unsafe outbound.appendControl(length: StreamMaker.goodbye.count) { unsafe $0.copyMemory(from: StreamMaker.goodbye, byteCount: 8) }
        let (framesSent, stream) = (outbound.framesSent, outbound.drain())
        #expect(framesSent == 1, "control frames are not counted")
        #expect(unsafe stream.withUnsafeBytes { unsafe try? Hello(reading: $0) } == hello)
        #expect(
            Self.verdict(on: Array(stream.dropFirst(Hello.encodedLength)), .native)
                == StreamVerdict(frames: [.data([1])], isFinished: true))
    }

    // MARK: Chunks

    @Test func `free chunks are kept up to their number, and large ones never`() throws {
        let pool = OutboundChunkPool(maximumFreeCount: 2)
        let taken = unsafe (0..<4).map { _ in unsafe pool.take(minimum: 1) }
        let large = unsafe pool.take(minimum: Self.chunk + 1)
        #expect(pool.lentCount == 5)
        #expect(unsafe large.pointee.capacity == Self.chunk + 1)
        unsafe pool.giveBack(large)
        // swift-format-ignore
        unsafe taken.forEach { unsafe pool.giveBack($0) }
        #expect(pool.lentCount == 0)
        // The two that came home first are used again, the last one first.
        let (first, second) = unsafe (pool.take(minimum: 9), pool.take(minimum: Self.chunk))
        #expect(unsafe first == taken[1] && second == taken[0])
        unsafe pool.giveBack(first)
        unsafe pool.giveBack(second)
    }

    private static func verdict(on stream: [UInt8], _ format: FrameFormat) -> StreamVerdict {
        ReferenceDecoder(format: format, limit: 1 << 24).verdict(on: stream)
    }

    /// A comparison whose failure does not print megabytes.
    private static func isVerdict(on stream: [UInt8], _ format: FrameFormat, _ expected: StreamVerdict) -> Bool {
        verdict(on: stream, format) == expected
    }
}
