import Testing

@testable import RingIPC

/// The format without frames: bytes arrive in order and all of them, cut anywhere, and nothing else is promised.
@Suite struct BytesTests {
    private static func small(_ configuration: inout Configuration) {
        configuration.format = .bytes
        configuration.pooledBufferSize = 1 << 10
        configuration.pooledBufferCount = 8
        configuration.receiveRingSize = 4 << 10
        // There are no frames that could be too long or too slow.
        configuration.maximumFrameLength = 0
        configuration.frameTimeout = .zero
    }

    @Test(arguments: LoopSetup.usable)
    func `a loop's handler gets what was written, however it was cut`(_ setup: LoopSetup) throws {
        let journal = Journal()
        try withServer(setup, Self.small, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            for (count, longest) in [1, 700, 9_000].enumerated() {
                var random = SeededRandom(seed: UInt64(longest))
                let before = journal.now.frames.count
                let peer = try RawPeer(connectedTo: endpoint)
                let stream = Pattern.bytes(longest == 1 ? 40 : 60_000, seed: longest)
                var rest = stream[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...longest, using: &random))
                    try peer.writeAlone(Array(piece))
                    rest = rest.dropFirst(piece.count)
                }
                peer.finishWriting()
                // An end is in order wherever it comes.
                #expect(try journal.closed(count + 1).code == nil)
                let pieces = journal.now.frames.dropFirst(before)
                #expect(Array(pieces.joined()) == stream)
                #expect(!pieces.contains([]))
            }
            #expect(journal.now.finished == 3)
        }
    }

    @Test(arguments: Machine.blockingChoices, [1, 700, 9_000])
    func `a blocking connection gets what was written, however it was cut`(_ backend: BackendChoice, _ longest: Int) throws {
        let (peer, descriptor) = RawPeer.pair()
        let stream = Pattern.bytes(longest == 1 ? 40 : 60_000, seed: longest)
        let writer = Background {
            var random = SeededRandom(seed: UInt64(longest))
            var rest = stream[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...longest, using: &random))
                try peer.writeAlone(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            peer.finishWriting()
        }
        var connection = try Connection(
            connectingTo: .descriptor(descriptor),
            configuration: .with {
                Self.small(&$0)
                $0.backend = backend
                $0.wait = .block
            })
        var got: [UInt8] = []
        while let piece = try connection.receive(within: safetyNet, { frame, _ in bytes(of: frame) }) {
            #expect(!piece.isEmpty)
            got += piece
        }
        try writer.value()
        #expect(got == stream)
    }

    @Test(arguments: LoopSetup.usable)
    func `sends of every length are their bytes and nothing else`(_ setup: LoopSetup) throws {
        let sizes = [1, 0, 3, 1_024, 4_096, 4_097, 32 << 10, 73_088, 73_089, (1 << 20) + 7]
        let stream = sizes.enumerated().flatMap { Pattern.bytes($0.element, seed: $0.offset) }
        try withServer(setup, Self.small, handler: { _ in Echo() }) { _, endpoint in
            var connection = try Connection(connectingTo: endpoint, configuration: .with(Self.small))
            var got: [UInt8] = []
            for (index, size) in sizes.enumerated() {
                try connection.sendPattern(size, seed: index)
                while got.count < sizes[...index].reduce(0, +) {
                    let piece = try connection.receive(within: safetyNet) { frame, _ in bytes(of: frame) }
                    got += try #require(piece)
                }
            }
            #expect(got == stream)
            let statistics = connection.statistics
            #expect(statistics.bytesSent == UInt64(stream.count) && statistics.bytesReceived == UInt64(stream.count))
            try connection.close()
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `a handler takes as much as it wants, and the rest comes again, also after the end`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                let isNothing = try frames.next(upTo: 0) == nil
                guard isNothing, let frame = try frames.next(upTo: 100) else { return journal.mark("nothing was there") }
                let copy = bytes(of: frame)
                journal.note { $0.frames.append(copy) }
                if journal.now.frames.count % 3 == 0 { try reply.send(frame.bytes) }
            })
        try withServer(setup, Self.small, handler: { _ in handler }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            let stream = Pattern.bytes(9_050, seed: 1)
            try peer.write(stream)
            peer.finishWriting()
            #expect(try journal.closed().code == nil)
            let (frames, marks) = (journal.now.frames, journal.now.marks)
            #expect(Array(frames.joined()) == stream)
            #expect(frames.allSatisfy { (1...100).contains($0.count) })
            #expect(marks == [] && journal.now.finished == 1)
            #expect(try peer.readToEnd() == Array(frames.enumerated().filter { $0.offset % 3 == 2 }.map(\.element).joined()))
        }
    }

    @Test(arguments: Machine.blockingChoices)
    func `a blocking reader takes as much as it wants, and the rest comes again`(_ backend: BackendChoice) throws {
        let (peer, descriptor) = RawPeer.pair()
        let stream = Pattern.bytes(20_000, seed: 2)
        let writer = Background {
            try peer.write(stream)
            peer.finishWriting()
        }
        var connection = try Connection(
            connectingTo: .descriptor(descriptor),
            configuration: .with {
                Self.small(&$0)
                $0.backend = backend
            })
        var got: [UInt8] = []
        while try connection.receiveBatch(
            within: safetyNet,
            { frames, _ in
                if let frame = try frames.next(upTo: 777) { got += bytes(of: frame) }
            })
        {}
        try writer.value()
        #expect(got == stream)
    }

    /// A queue of one byte carries everything, one byte at a time.
    @Test(arguments: LoopSetup.backends)
    func `the smallest queue is enough`(_ setup: LoopSetup) throws {
        try withServer(
            setup,
            {
                Self.small(&$0)
                $0.outboundLimit = 1
            }, handler: { _ in Echo() }
        ) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            let stream = Pattern.bytes(300, seed: 3)
            try peer.write(stream)
            #expect(try peer.read(exactly: stream.count) == stream)
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `what a peer does not read is bounded, and nothing is lost`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let limit = 64 << 10
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                while let frame = try frames.next() {
                    try reply.send(frame.bytes)
                    if reply.queuedBytes > limit { journal.mark("\(reply.queuedBytes) bytes are queued") }
                }
            })
        try withServer(
            setup,
            {
                Self.small(&$0)
                $0.outboundLimit = limit
            }, handler: { _ in handler }
        ) { server, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            let stream = Pattern.bytes(4 << 20, seed: 4)
            let sent = peer.writeUntilRefused(stream, by: server)
            try #require(sent < stream.count, "the connection was never paused")
            let writer = Background {
                try peer.write(Array(stream[sent...]))
                peer.finishWriting()
            }
            let answers = try peer.readToEnd()
            try writer.value()
            #expect(answers == stream)
            #expect(journal.now.marks == [])
            #expect(try journal.closed().code == nil)
        }
    }

    @Test func `after a close not even nothing can be sent`() {
        var outbound = Outbound.forTest(.bytes, pool: OutboundChunkPool(maximumFreeCount: 1))
        outbound.close()
        let codes = [
            transportError { () throws(TransportError) in try outbound.send([]) }?.code,
            transportError { () throws(TransportError) in try outbound.send(reserving: 0) { _ in } }?.code,
        ]
        #expect(codes == [.closed, .closed])
    }

    @Test func `what will never fit the queue is refused with what would help`() throws {
        var outbound = Outbound.forTest(.bytes, pool: OutboundChunkPool(maximumFreeCount: 1), limit: 100, maximumFrameLength: 3)
        let error = transportError { () throws(TransportError) in try outbound.send([UInt8](repeating: 1, count: 101)) }
        #expect(error?.code == .outboundFull && error?.detail.contains("raise outboundLimit") == true)
        try outbound.send([UInt8](repeating: 1, count: 100))
        let stream = outbound.drain()
        #expect(stream == [UInt8](repeating: 1, count: 100))
    }

    @Test(arguments: Machine.blockingChoices)
    func `a blocking send is not limited by the queue`(_ backend: BackendChoice) throws {
        let (peer, descriptor) = RawPeer.pair()
        let reader = Background { try peer.readToEnd() }
        var connection = try Connection(
            connectingTo: .descriptor(descriptor),
            configuration: .with {
                Self.small(&$0)
                $0.backend = backend
                $0.outboundLimit = 4 << 10
            })
        let stream = Pattern.bytes(1 << 20, seed: 5)
        try connection.sendPattern(1_000, seed: 5)
        unsafe try connection.send(stream.span.bytes)
        try connection.sendPattern(2_000, seed: 6)
        try connection.close()
        #expect(try reader.value() == Pattern.bytes(1_000, seed: 5) + stream + Pattern.bytes(2_000, seed: 6))
    }
}
