import Testing

@testable import RingIPC

/// A blocking connection sends when a place is reached, and means a number of queued bytes.
@Suite struct OutboundThresholdTests {
    private static let chunk = OutboundChunkPool.chunkCapacity

    @Test(arguments: [1, 80, 4_096, chunk - 8, chunk, chunk + 1, 3 * chunk, 1 << 30], FrameFormat.all)
    func `the place is that of the threshold, whatever was queued and taken`(_ threshold: Int, _ format: FrameFormat) throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let pool = OutboundChunkPool(maximumFreeCount: 2)
            var outbound = Outbound.forTest(format, pool: pool)
            outbound.flushThreshold = threshold
            for step in 0..<200 {
                switch random.number(0...9) {
                case 0: unsafe outbound.appendControl(length: 24) { unsafe $0.initializeMemory(as: UInt8.self, repeating: 0, count: 24) }
                case 1...2: try outbound.send(random.bytes(random.number(0...min(100_000, format.longestPayload))))
                case 3...4:
                    guard let piece = unsafe outbound.nextPiece() else { break }
                    outbound.markSent(random.bool(oneIn: 2) ? piece.count : random.number(0...piece.count))
                default: try outbound.sendInPlace(random.bytes(random.number(0...300)))
                }
                let (isAtThreshold, queued) = (outbound.isAtThreshold, outbound.queuedBytes)
                #expect(isAtThreshold == (queued >= threshold), "seed \(seed), step \(step): \(queued) bytes are queued")
            }
            outbound.discardQueued()
            let isAtThreshold = outbound.isAtThreshold
            #expect(!isAtThreshold, "nothing is queued")
        }
    }
}
