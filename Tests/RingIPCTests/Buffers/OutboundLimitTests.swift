import Testing

@testable import RingIPC

/// What an outbound queue refuses, and that nothing of it is queued then.
@Suite struct OutboundLimitTests {
    @Test(arguments: FrameFormat.all, [1_000, 200_000])
    func `a queue fills to its last byte, and refuses the next frame whole`(_ format: FrameFormat, _ length: Int) throws {
        let length = min(length, format.longestPayload)
        let encoded = format.encodedLength(ofPayload: length)
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        do {
            var outbound = Outbound.forTest(format, pool: pool, limit: 3 * encoded)
            let payload = [UInt8](repeating: 9, count: length)
            for _ in 0..<2 { try outbound.send(payload) }
            try outbound.sendInPlace(payload)
            let full = (outbound.queuedBytes, outbound.availableBytes)
            #expect(full == (3 * encoded, 0))

            var wasCalled = false
            let errors = [
                transportError { () throws(TransportError) in try outbound.send(payload) },
                transportError { () throws(TransportError) in try outbound.send([]) },
                transportError { () throws(TransportError) in try outbound.send(reserving: 1) { _ in wasCalled = true } },
            ]
            for error in errors {
                #expect(error?.code == .outboundFull && error?.operation == .send)
                #expect(error?.detail.contains("\(3 * encoded) of \(3 * encoded) bytes are queued") == true)
                #expect(error?.detail.contains("wait until the peer has read") == true)
            }
            #expect(!wasCalled)
            let (queued, framesSent) = (outbound.queuedBytes, outbound.framesSent)
            #expect(queued == 3 * encoded && framesSent == 3)
            let stream = outbound.drain()
            #expect(
                ReferenceDecoder(format: format, limit: length).verdict(on: stream).frames
                    == [StreamVerdict.Frame](repeating: .data(payload), count: 3))
        }
        #expect(pool.lentCount == 0)
    }

    @Test(arguments: FrameFormat.all)
    func `one byte less of room is no room`(_ format: FrameFormat) throws {
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        var outbound = Outbound.forTest(format, pool: pool, limit: format.encodedLength(ofPayload: 16) - 1)
        let error = transportError { () throws(TransportError) in try outbound.send([UInt8](repeating: 0, count: 16)) }
        #expect(error?.code == .outboundFull)
        let isEmpty = outbound.isEmpty && pool.lentCount == 0
        #expect(isEmpty)
        try outbound.send([1])
    }

    @Test(arguments: [ByteOrder.little, .big])
    func `a payload that a length of two bytes cannot say is refused with what would help`(_ order: ByteOrder) throws {
        let pool = OutboundChunkPool(maximumFreeCount: 1)
        var outbound = Outbound.forTest(.lengthPrefixed(order, width: .two), pool: pool)
        let error = transportError { () throws(TransportError) in try outbound.send([UInt8](repeating: 0, count: 65_536)) }
        #expect(error?.code == .frameTooLong)
        #expect(error?.detail.contains("65536 bytes, the limit is 65535; cut the message, or choose a format with a longer length") == true)
        try outbound.send([UInt8](repeating: 0, count: 65_535))
        let queued = outbound.queuedBytes
        #expect(queued == 65_537)
    }

    @Test func `room comes back as the kernel takes bytes`() throws {
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        var outbound = Outbound.forTest(.native, pool: pool, limit: 48)
        for _ in 0..<3 { try outbound.send([1]) }
        outbound.markSent(15)
        let stillFull = transportError { () throws(TransportError) in try outbound.send([1]) }
        #expect(stillFull?.code == .outboundFull)
        outbound.markSent(1)
        try outbound.send([1])
        let queued = outbound.queuedBytes
        #expect(queued == 48)
    }

    @Test func `random frames never make the queue longer than its limit`() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let format = FrameFormat.all[random.number(0...(FrameFormat.all.count - 1))]
            let limit = random.number(16...2_000)
            let pool = OutboundChunkPool(maximumFreeCount: 2)
            do {
                var outbound = Outbound.forTest(format, pool: pool, limit: limit, maximumFrameLength: random.number(0...2_500))
                var (stream, expected) = ([] as [UInt8], [] as [StreamVerdict.Frame])
                for _ in 0..<80 {
                    let payload = random.bytes(random.length(upTo: 2_600))
                    let before = outbound.queuedBytes
                    let encoded = format.encodedLength(ofPayload: payload.count)
                    let inPlace = random.bool(oneIn: 2)
                    let error = transportError { () throws(TransportError) in
                        if inPlace { try outbound.sendInPlace(payload) } else { try outbound.send(payload) }
                    }
                    let (after, longest) = (outbound.queuedBytes, outbound.maximumFrameLength)
                    let code: TransportError.Code? =
                        payload.count > longest ? .frameTooLong : before + encoded > limit ? .outboundFull : nil
                    #expect(error?.code == code, "seed \(seed)")
                    #expect(after == (code == nil ? before + encoded : before) && after <= limit, "seed \(seed)")
                    if code == nil { expected.append(.data(payload)) }
                    if random.bool(oneIn: 3), let piece = unsafe outbound.nextPiece() {
                        let taken = unsafe piece.prefix(random.number(0...piece.count))
                        unsafe stream += taken
                        unsafe outbound.markSent(taken.count)
                    }
                }
                stream += outbound.drain()
                #expect(
                    ReferenceDecoder(format: format, limit: 2_500).verdict(on: stream) == StreamVerdict(frames: expected), "seed \(seed)")
            }
            #expect(pool.lentCount == 0, "seed \(seed)")
        }
    }

    @Test(arguments: FrameFormat.all)
    func `a frame over the limit is refused with both lengths and the way out`(_ format: FrameFormat) throws {
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        var outbound = Outbound.forTest(format, pool: pool, maximumFrameLength: 10)
        try outbound.send([UInt8](repeating: 1, count: 10))
        let queued = outbound.queuedBytes
        let errors = [
            transportError { () throws(TransportError) in try outbound.send([UInt8](repeating: 1, count: 11)) },
            transportError { () throws(TransportError) in try outbound.sendInPlace([UInt8](repeating: 1, count: 11)) },
            transportError { () throws(TransportError) in try outbound.send(reserving: .max) { _ in } },
        ]
        for error in errors {
            #expect(error?.code == .frameTooLong && error?.operation == .send)
            #expect(error?.detail.contains("the limit is 10; cut the message, or raise maximumFrameLength at both ends") == true)
        }
        let after = outbound.queuedBytes
        #expect(after == queued)
    }

    @Test func `control frames find room in a full queue, and use up none that is not there`() throws {
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        var outbound = Outbound.forTest(.native, pool: pool, limit: 16)
        try outbound.send([1])
        unsafe outbound.appendControl(length: 8) { unsafe $0.copyMemory(from: StreamMaker.goodbye, byteCount: 8) }
        let (queued, available) = (outbound.queuedBytes, outbound.availableBytes)
        #expect(queued == 24 && available == 0)
        let error = transportError { () throws(TransportError) in try outbound.send([]) }
        #expect(error?.code == .outboundFull)
        let stream = outbound.drain()
        #expect(
            ReferenceDecoder(format: .native, limit: 1).verdict(on: stream)
                == StreamVerdict(frames: [.data([1])], isFinished: true))
    }

    @Test func `after close nothing can be queued, and what was queued still leaves`() throws {
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        do {
            var outbound = Outbound.forTest(.qByteArray, pool: pool)
            try outbound.send([1, 2])
            outbound.close()
            let errors = [
                transportError { () throws(TransportError) in try outbound.send([]) },
                transportError { () throws(TransportError) in try outbound.send([UInt8](repeating: 0, count: 100_000)) },
                transportError { () throws(TransportError) in try outbound.send(reserving: 0) { _ in } },
                transportError { () throws(TransportError) in try outbound.sendNull() },
            ]
            for error in errors {
                #expect(error?.code == .closed && error?.detail == "the connection was closed on this side")
            }
            let stream = outbound.drain { _ in 1 }
            #expect(stream == [0, 0, 0, 2, 1, 2])
            // Also in an empty queue, and after a piece was taken.
            let late = transportError { () throws(TransportError) in try outbound.send([]) }
            #expect(late?.code == .closed)
        }
        #expect(pool.lentCount == 0)
    }

    @Test func `a queue that was dropped gives its chunks back and stays closed`() throws {
        let pool = OutboundChunkPool(maximumFreeCount: 4)
        var outbound = Outbound.forTest(.native, pool: pool)
        for length in [10, 100_000, 70_000] { try outbound.sendInPlace([UInt8](repeating: 1, count: length)) }
        outbound.markSent(5)
        outbound.discardAll()
        let (isEmpty, queued, hasPiece) = unsafe (outbound.isEmpty, outbound.queuedBytes, outbound.nextPiece() != nil)
        #expect(isEmpty && queued == 0 && !hasPiece)
        #expect(pool.lentCount == 0)
        let error = transportError { () throws(TransportError) in try outbound.send([1]) }
        #expect(error?.code == .closed)
    }
}
