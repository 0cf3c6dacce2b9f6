import Testing

@testable import RingIPC

/// A waiter that leaves input where it is for a while after each wake-up loses none, and hears of everything in the end.
///
/// That deadlines end a pause, and how many wake-ups it saves, is proven where time is simulated.
@Suite struct ModerationTests {
    private static let interval = Duration.milliseconds(2)
    private static let sizes = (0..<500).map { $0 * 37 % 900 }

    /// In pieces that come whenever they do; some fill the receive buffers of a loop.
    private static func stream(to connection: inout Connection) throws {
        for (index, size) in sizes.enumerated() {
            try connection.sendPattern(size, seed: index)
            if index % 7 == 0 || index > 400 { try connection.flush() }
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `a moderated loop gets a stream whole and in order, and its end`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let change: (inout Configuration) -> Void = {
            $0.format = format
            $0.pooledBufferSize = 4 << 10
            $0.wait = .moderated(interval: Self.interval)
        }
        try withServer(setup, change, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.format = format })
            try Self.stream(to: &connection)
            try connection.close()
            #expect(try journal.closed().code == nil)
            #expect(journal.now.frames == Self.sizes.enumerated().map { Pattern.bytes($1, seed: $0) })
        }
    }

    @Test(arguments: Machine.blockingChoices, FrameFormat.all)
    func `a moderated blocking connection gets a stream whole and in order, and its end`(
        _ backend: BackendChoice, _ format: FrameFormat
    ) throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let configuration = Configuration.with {
            $0.format = format
            $0.backend = backend
            $0.receiveRingSize = 4 << 10
            $0.wait = .moderated(interval: Self.interval)
        }
        let server = try blockingServer(configuration, on: endpoint) { connection in
            var connection = consume connection
            var frames: [[UInt8]] = []
            while try connection.receive(within: safetyNet, { frame, _ in frames.append(bytes(of: frame)) }) != nil {}
            try connection.close()
            return frames
        }
        var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.format = format })
        try Self.stream(to: &connection)
        try connection.close()
        #expect(try server.value() == Self.sizes.enumerated().map { Pattern.bytes($1, seed: $0) })
    }

    @Test(arguments: Machine.blockingChoices)
    func `after input nothing is looked at before the interval is over`(_ backend: BackendChoice) throws {
        let (peer, descriptor) = RawPeer.pair()
        let configuration = Configuration.with {
            $0.format = .lengthPrefixed(.host)
            $0.backend = backend
            $0.wait = .moderated(interval: .milliseconds(20))
        }
        var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)
        let start = LinuxKernel().now
        for round in 0..<3 {
            try peer.write(WireBytes.frame(Pattern.bytes(9, seed: round), .lengthPrefixed(.host)))
            #expect(try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 9, seed: round) } == true)
        }
        // The first is taken at once; the two after it, though they are there, are not.
        #expect(LinuxKernel().now - start >= 40_000_000)
    }

    @Test(arguments: LoopSetup.backends)
    func `a job, a stop and a second connection are heard of during a pause or after it`(_ setup: LoopSetup) throws {
        try withServer(setup, { $0.wait = .moderated(interval: Self.interval) }, handler: { _ in Echo() }) { server, endpoint in
            for round in 0..<20 {
                var connection = try Connection(connectingTo: endpoint)
                try connection.sendPattern(30, seed: round)
                #expect(try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 30, seed: round) } == true)
                #expect(try server.connectionCount() >= 1)
                try connection.close()
            }
        }
    }
}
