import Glibc
import Testing

@testable import RingIPC

/// Counters that can be predicted are exact.
@Suite struct StatisticsTests {
    private static func wireLength(_ sizes: [Int], _ format: FrameFormat) -> UInt64 {
        UInt64(
            sizes.map { WireBytes.frame(Pattern.bytes($0, seed: 0), format).count }.reduce(0, +)
                + WireBytes.opening(format).count + WireBytes.ending(format).count)
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `frames and bytes are counted exactly`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let sizes = (0..<50).map { $0 * 41 }
        try withServer(setup, { $0.format = format }, handler: { _ in Echo(journal: journal) }) { server, endpoint in
            var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.format = format })
            for size in sizes {
                try connection.sendPattern(size, seed: size)
                _ = try connection.receive(within: safetyNet) { _, _ in 1 }
            }
            try connection.finishSending()
            #expect(try connection.receive(within: safetyNet) { _, _ in 1 } == nil)
            let client = connection.statistics
            try connection.close()
            _ = try journal.closed()
            try server.until("an empty loop") { $0.connectionCount == 0 }
            let served = try server.statistics()
            for statistics in [client, served] {
                #expect(statistics.framesReceived == 50 && statistics.framesSent == 50)
                #expect(statistics.bytesReceived == Self.wireLength(sizes, format))
                #expect(statistics.bytesSent == Self.wireLength(sizes, format))
                #expect(statistics.systemCalls > 0)
            }
            #expect(served.acceptedConnections == 1 && served.refusedPeers == 0 && served.acceptFailures == 0)
            #expect(served.wakeups > 0)
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `short sends are completed, and counted`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onOpened: { outbound in
                for index in 0..<40 { try? outbound.sendPattern(7_001 + index, seed: index) }
                outbound.close()
            })
        let (peer, descriptor) = RawPeer.pair()
        setBuffer(SO_SNDBUF, 1, of: descriptor)
        let server = try RunningLoop(setup) { $0.format = format }
        server.loop.connect(to: .descriptor(descriptor), handler: handler)
        try peer.write(WireBytes.opening(format))
        #expect(WireBytes.payloads(in: try peer.readToEnd(), format) == (0..<40).map { Pattern.bytes(7_001 + $0, seed: $0) })
        peer.close()
        #expect(try journal.closed().code == nil)
        #expect(try server.statistics().shortSends > 0)
        try server.stop()
    }

    @Test(arguments: Machine.blockingChoices, FrameFormat.all)
    func `short sends of a blocking connection are completed, and counted`(_ backend: BackendChoice, _ format: FrameFormat) throws {
        let (peer, descriptor) = RawPeer.pair()
        setBuffer(SO_SNDBUF, 1, of: descriptor)
        let reader = Background { try peer.readToEnd() }
        try peer.write(WireBytes.opening(format))
        var connection = try Connection(
            connectingTo: .descriptor(descriptor),
            configuration: .with {
                $0.format = format; $0.backend = backend
            })
        for index in 0..<20 { try connection.sendPattern(7_001 + index, seed: index) }
        // Over the length from which payloads are sent without a copy.
        let longest = min(100_003, format.longestPayload)
        try connection.sendPattern(longest, seed: 20)
        try connection.flush()
        #expect(connection.statistics.shortSends > 0)
        try connection.close()
        let expected = (0..<20).map { Pattern.bytes(7_001 + $0, seed: $0) } + [Pattern.bytes(longest, seed: 20)]
        #expect(WireBytes.payloads(in: try reader.value(), format) == expected)
    }
}
