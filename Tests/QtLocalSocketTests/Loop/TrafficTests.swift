import Glibc
import RingIPC
import Testing

@testable import QtLocalSocket

/// Much at once, cut anywhere: every byte arrives, in order.
@Suite struct TrafficTests {
    /// One direction: what is to be sent, and what has come.
    private final class Flow {
        let bytes: [UInt8]
        var sent = 0
        var received: [UInt8] = []
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        var isOver: Bool { received.count == bytes.count }
    }

    @Test(arguments: backends)
    func `random writes, reads and limits lose nothing`(_ backend: BackendChoice) throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let flows = [Flow(random.bytes(random.number(0...300_000))), Flow(random.bytes(random.number(0...300_000)))]
            try withPair(backend) { pair in
                let ends = [pair.client, pair.accepted]
                for end in ends { end.readBufferSize = random.chance(0.5) ? random.number(1...5_000) : 0 }
                let limit = ContinuousClock.now + safetyNet
                while !flows.allSatisfy(\.isOver), ContinuousClock.now < limit {
                    for (index, end) in ends.enumerated() {
                        try Self.act(end, sending: flows[index], receiving: flows[1 - index], &random)
                    }
                    try pair.loop.processEvents()
                }
            }
            let isSame = flows.allSatisfy { $0.received == $0.bytes }
            #expect(isSame, "seed \(seed)")
        }
    }

    private static func act(_ end: LocalSocket, sending: Flow, receiving: Flow, _ random: inout SeededRandom) throws {
        let count = min(random.number(0...40_000), sending.bytes.count - sending.sent)
        if count > 0, random.chance(0.5) {
            try end.write(Array(sending.bytes[sending.sent...].prefix(count)))
            sending.sent += count
        }
        switch random.number(0...5) {
        case 0: end.flush()
        case 1: end.waitForReadyRead(within: .microseconds(100))
        case 2: receiving.received += end.read(random.number(0...5_000)) ?? []
        case 3: receiving.received += end.readLine(random.number(0...5_000)) ?? []
        case 4:
            end.startTransaction()
            _ = end.read(random.number(0...5_000))
            end.rollbackTransaction()
        default: receiving.received += end.readAll()
        }
    }

    @Test(arguments: backends)
    func `an echo of eight megabytes comes back, written when there is room`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let period = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 11) }
            let twice = period + period
            let total = 8 * period.count
            var (sent, received, isIntact) = (0, 0, true)
            func sendMore() {
                while sent < total, pair.client.bytesToWrite < 100_000 {
                    let count = min(70_001, total - sent, period.count - sent % period.count)
                    #expect(throws: Never.self) { try pair.client.write(Array(period[sent % period.count..<sent % period.count + count])) }
                    sent += count
                }
            }
            pair.accepted.onReadyRead = { socket in #expect(throws: Never.self) { try socket.write(socket.readAll()) } }
            pair.client.onBytesWritten = { _, _ in sendMore() }
            pair.client.onReadyRead = { socket in
                while let bytes = socket.read(period.count), !bytes.isEmpty {
                    let start = received % period.count
                    isIntact = isIntact && twice[start..<start + bytes.count] == bytes[...]
                    received += bytes.count
                }
            }
            sendMore()
            try pair.loop.run(until: "the whole echo") { received == total }
            #expect(isIntact)
        }
    }
}
