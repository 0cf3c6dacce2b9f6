import Testing

@testable import RingIPC

/// What a peer may cost.
@Suite struct LimitTests {
    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `a length over the limit ends that connection at once`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let limit = 10_000
        let change: @Sendable (inout Configuration) -> Void = {
            $0.format = format
            $0.maximumFrameLength = limit
            $0.frameTimeout = .seconds(60)
        }
        try withServer(setup, change, handler: { _ in Echo(journal: journal) }) { server, endpoint in
            var lengths = [limit + 1, 0xFFFF]
            if format.headerLength >= 4 { lengths += [1 << 31, 0xFFFF_FFFE] }
            // Alone it is Qt's null array.
            if format.headerLength >= 4, format != .qByteArray { lengths.append(0xFFFF_FFFF) }
            if case .lengthPrefixed(_, .eight) = format { lengths += [1 << 32, .max] }
            for (count, length) in lengths.enumerated() {
                // The header alone, and in two pieces.
                for (half, isCut) in [false, true].enumerated() {
                    let peer = try RawPeer(connectedTo: endpoint)
                    try peer.writeAlone(WireBytes.opening(format))
                    let header = WireBytes.header(length, format)
                    if isCut {
                        try peer.writeAlone(header.dropLast())
                        try peer.write(header.suffix(1))
                    } else {
                        try peer.write(header)
                    }
                    #expect(try journal.closed(2 * count + half + 1).code == .frameTooLong, "length \(length), cut: \(isCut)")
                }
            }
            // The largest one is none too many, and nobody else was hurt.
            var connection = try Connection(connectingTo: endpoint, configuration: .with(change))
            try connection.sendPattern(limit, seed: 1)
            #expect(try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: limit, seed: 1) } == true)
            try connection.close()
            #expect(try server.statistics().copiedBytes < 100_000)
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `a frame that never ends ends its connection`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let change: @Sendable (inout Configuration) -> Void = {
            $0.format = format
            $0.frameTimeout = .milliseconds(30)
        }
        try withServer(setup, change, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            // Short; longer than a pooled buffer; and cut in the header.
            for (count, (size, cut)) in [(100, 50), (65_000, 60_000), (100, format.headerLength - 1)].enumerated() {
                let peer = try RawPeer(connectedTo: endpoint)
                let frame = WireBytes.frame(Pattern.bytes(size, seed: 1), format)
                try peer.write(WireBytes.opening(format) + frame.prefix(cut))
                let error = try journal.closed(count + 1).error
                #expect(error?.code == .timedOut && error?.operation == .receive)
            }
        }
    }

    @Test(arguments: Machine.blockingChoices)
    func `a blocking receive waits for a frame's rest no longer than it may`(_ backend: BackendChoice) throws {
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(
            connectingTo: .descriptor(descriptor),
            configuration: .with {
                $0.backend = backend; $0.frameTimeout = .milliseconds(20)
            })
        try peer.write(WireBytes.hello() + WireBytes.frame([1], .native).dropLast(4))
        var code: TransportError.Code?
        do { _ = try connection.receive { _, _ in 1 } } catch let error as TransportError { code = error.code }
        #expect(code == .timedOut)
    }

    /// One connection holds nearly all the memory for long frames; a second one waits for it, a third one needs none.
    @Test(arguments: LoopSetup.usable)
    func `without memory for a long frame a connection waits, and goes on when there is some`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let size = 256 << 10
        let change: @Sendable (inout Configuration) -> Void = {
            $0.maximumFrameLength = size
            $0.pooledBufferSize = 4 << 10
            $0.spanningBudget = size + (16 << 10)
        }
        try withServer(setup, change, handler: { _ in Echo(journal: journal) }) { server, endpoint in
            let frame = WireBytes.frame(Pattern.bytes(size, seed: 1), .native)
            let first = try RawPeer(connectedTo: endpoint)
            // So much that it has all the memory that it will need.
            try first.write(WireBytes.hello() + frame.dropLast(4))
            try server.until("most of the first frame") { [count = UInt64(frame.count)] in $0.statistics.bytesReceived >= count }
            let second = try RawPeer(connectedTo: endpoint)
            let writer = Background { try second.write(WireBytes.hello() + frame) }
            try server.until("a pause") { $0.statistics.spanningPauses > 0 }
            var third = try Connection(connectingTo: endpoint)
            for index in 0..<50 {
                try third.sendPattern(index * 20, seed: index)
                #expect(try third.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: index * 20, seed: index) } == true)
            }
            try first.write(Array(frame.suffix(4)))
            #expect(try first.read(exactly: 24 + frame.count) == WireBytes.hello(maximumFrameLength: UInt32(size)) + frame)
            #expect(try second.read(exactly: 24 + frame.count) == WireBytes.hello(maximumFrameLength: UInt32(size)) + frame)
            try writer.value()
            try third.close()
        }
    }

    /// Each could hold a half of the memory and wait for the other's.
    @Test(arguments: LoopSetup.backends)
    func `two long frames that together need more than the memory both arrive`(_ setup: LoopSetup) throws {
        let size = 256 << 10
        let change: @Sendable (inout Configuration) -> Void = {
            $0.maximumFrameLength = size
            $0.pooledBufferSize = 4 << 10
            $0.spanningBudget = size + (16 << 10)
        }
        try withServer(setup, change, handler: { _ in Echo() }) { server, endpoint in
            let frame = WireBytes.frame(Pattern.bytes(size, seed: 1), .native)
            let peers = try (0..<2).map { _ in try RawPeer(connectedTo: endpoint) }
            for peer in peers { try peer.write(WireBytes.hello() + frame.prefix(frame.count / 2 - 8_000)) }
            try server.until("one of them waits") { $0.statistics.spanningPauses > 0 }
            let writers = peers.map { peer in Background { try peer.write(Array(frame.dropFirst(frame.count / 2 - 8_000))) } }
            for peer in peers {
                #expect(try peer.read(exactly: 24 + frame.count) == WireBytes.hello(maximumFrameLength: UInt32(size)) + frame)
            }
            for writer in writers { try writer.value() }
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `beyond maximumConnections a peer waits or is refused, and later ones are served`(_ setup: LoopSetup) throws {
        let journal = Journal()
        try withServer(setup, { $0.maximumConnections = 2 }, handler: { _ in Echo(journal: journal) }) { server, endpoint in
            var first = try Connection(connectingTo: endpoint)
            var second = try Connection(connectingTo: endpoint)
            for round in 0..<2 {
                try first.sendPattern(round, seed: round)
                try second.sendPattern(round, seed: round)
                #expect(try first.receive(within: safetyNet) { frame, _ in frame.count } == round)
                #expect(try second.receive(within: safetyNet) { frame, _ in frame.count } == round)
            }
            let extra = (0..<5).map { _ in Background { try RawPeer(connectedTo: endpoint) } }
            for peer in extra { _ = try peer.value() }
            // One that still waited in the listen queue would take the place that gets free.
            try server.until("the refusal of all") { $0.statistics.refusedPeers == 5 }
            try first.sendPattern(3, seed: 3)
            #expect(try first.receive(within: safetyNet) { frame, _ in frame.count } == 3)
            try first.close()
            try server.until("a free place") { $0.connectionCount < 2 }
            var next = try Connection(connectingTo: endpoint)
            try next.sendPattern(4, seed: 4)
            #expect(try next.receive(within: safetyNet) { frame, _ in frame.count } == 4)
            try next.close()
            try second.close()
        }
    }
}
