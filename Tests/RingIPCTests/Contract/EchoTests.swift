import Testing

@testable import RingIPC

/// Frames of every size come back as they were sent.
@Suite struct EchoTests {
    private static let pooledBufferSize = 4 << 10
    private static let ringSize = 16 << 10
    private static let largest = 2 << 20

    static let sizes: [Int] =
        [0, 1, 7, 8, 9, 100]
        + [-24, -9, -8, -7, -5, -4, -3, -1, 0, 1, 8].map { pooledBufferSize + $0 }
        + [-9, -8, -4, -1, 0, 1, 8].map { ringSize + $0 }
        + [3 * ringSize + 5, 32 << 10, (64 << 10) + 3, 1 << 20, largest - 1, largest]

    private static func small(_ format: FrameFormat) -> (inout Configuration) -> Void {
        {
            $0.format = format
            $0.pooledBufferSize = pooledBufferSize
            $0.pooledBufferCount = 16
            $0.receiveRingSize = ringSize
            $0.maximumFrameLength = largest
        }
    }

    /// Sends every size, alone and then many together, and checks what comes back.
    private static func exchange(_ connection: inout Connection, format: FrameFormat) throws {
        for (index, size) in sizes.map({ min($0, format.longestPayload) }).enumerated() {
            try connection.sendPattern(size, seed: index)
            let isSame = try connection.receive(within: safetyNet) { frame, _ in
                Pattern.matches(frame, count: size, seed: index) && (format != .native || isAligned(frame))
            }
            try #require(isSame == true, "\(size) bytes")
        }
        for burst in 0..<10 {
            let sizes = (0..<50).map { ($0 &* 37 &+ burst &* 101) % 500 }
            for (index, size) in sizes.enumerated() { try connection.sendPattern(size, seed: index + burst) }
            for (index, size) in sizes.enumerated() {
                let isSame = try connection.receive(within: safetyNet) { frame, _ in
                    Pattern.matches(frame, count: size, seed: index + burst) && (format != .native || isAligned(frame))
                }
                try #require(isSame == true, "frame \(index) of burst \(burst), \(size) bytes")
            }
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `a loop echoes frames of every size`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        try withServer(setup, Self.small(format), handler: { _ in Echo(journal: journal) }) { _, endpoint in
            var connection = try Connection(connectingTo: endpoint, configuration: .with(Self.small(format)))
            try Self.exchange(&connection, format: format)
            try connection.close()
            #expect(try journal.closed().code == nil)
            #expect(journal.now.finished == 1)
            if format == .native { #expect(journal.now.misaligned == 0) }
        }
    }

    @Test(arguments: LoopSetup.backends, WaitStrategy.all)
    func `a loop echoes whichever way it waits`(_ setup: LoopSetup, _ wait: WaitStrategy) throws {
        try withServer(setup, { $0.wait = wait }, handler: { _ in Echo() }) { _, endpoint in
            var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.wait = wait })
            for index in 0..<200 {
                try connection.sendPattern(index, seed: index)
                #expect(try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: index, seed: index) } == true)
            }
            try connection.close()
        }
    }

    @Test(arguments: Machine.blockingChoices, FrameFormat.all)
    func `blocking connections echo frames of every size`(_ backend: BackendChoice, _ format: FrameFormat) throws {
        try Self.exchangeBlocking {
            Self.small(format)(&$0)
            $0.backend = backend
            $0.wait = .block
        }
    }

    @Test(arguments: Machine.blockingChoices, WaitStrategy.all)
    func `blocking connections echo whichever way they wait`(_ backend: BackendChoice, _ wait: WaitStrategy) throws {
        try Self.exchangeBlocking {
            Self.small(.native)(&$0)
            $0.backend = backend
            $0.wait = wait
        }
    }

    private static func exchangeBlocking(_ change: (inout Configuration) -> Void) throws {
        let configuration = Configuration.with(change)
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let server = try blockingServer(configuration, on: endpoint) { connection in
            var connection = consume connection
            while try connection.receive(within: safetyNet, { frame, reply in try reply.send(frame.bytes) }) != nil {}
            try connection.close()
        }
        var connection = try Connection(connectingTo: endpoint, configuration: configuration)
        try exchange(&connection, format: configuration.format)
        try connection.close()
        try server.value()
    }

    @Test(arguments: LoopSetup.backends)
    func `Qt's null array is told from an empty one, and comes back as such`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                while let frame = try frames.next() {
                    if frame.isNull { try reply.sendNull() } else { try reply.send(frame.bytes) }
                }
            })
        try withServer(setup, { $0.format = .qByteArray }, handler: { _ in handler }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 9])
            #expect(try peer.read(exactly: 13) == [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 9])
        }
    }
}
