import Testing

@testable import RingIPC

/// Peers that do not read, in a loop.
@Suite struct BackPressureTests {
    private static let limit = 256 << 10

    private static func bounded(_ configuration: inout Configuration) {
        configuration.maximumFrameLength = 16 << 10
        configuration.outboundLimit = limit
        configuration.pooledBufferSize = 4 << 10
    }

    /// Echoes for a peer that sends without reading: the loop pauses the connection, and goes on when the peer reads.
    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `what a peer does not read yet is bounded, and nothing is lost`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                while let frame = try frames.next() {
                    do { try reply.send(frame.bytes) } catch {
                        journal.mark("\(error)")
                        throw error
                    }
                    if reply.queuedBytes > Self.limit { journal.mark("over the limit: \(reply.queuedBytes)") }
                }
            })
        try withServer(
            setup,
            {
                Self.bounded(&$0); $0.format = format
            }, handler: { _ in handler }
        ) { server, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            let honest = Background {
                var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.format = format })
                for index in 0..<200 {
                    try connection.sendPattern(index, seed: index)
                    let isSame = try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: index, seed: index) }
                    guard isSame == true else { return false }
                }
                try connection.close()
                return true
            }
            let payloads = (0..<400).map { Pattern.bytes(($0 &* 397) % 9_000, seed: $0) }
            let stream = WireBytes.opening(format) + payloads.flatMap { WireBytes.frame($0, format) }
            // The peer stops when the loop does not take any more, which it has to before the end: so it is paused.
            let sent = peer.writeUntilRefused(stream, by: server)
            try #require(sent < stream.count, "the connection was never paused")
            // Others are served while it is.
            #expect(try honest.value())
            let writer = Background {
                try peer.write(Array(stream[sent...]) + WireBytes.ending(format))
                peer.finishWriting()
            }
            let answers = WireBytes.payloads(in: (try? peer.readToEnd()) ?? [], format)
            #expect(throws: Never.self) { try writer.value() }
            #expect(answers?.count == payloads.count && answers == payloads)
            #expect(journal.now.marks == [])
            #expect(journal.now.closed.compactMap(\.error).map(\.description) == [])
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `a full queue refuses a frame, keeps what it has, and says once when there is room`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let accepted = Slot<Int>()
        let handler = Scripted(
            journal: journal,
            onOpened: { outbound in
                var count = 0
                while true {
                    let error = failure { () throws(TransportError) in try outbound.sendPattern(10_000, seed: count) }
                    if let error {
                        journal.mark("\(error.code)")
                        break
                    }
                    count += 1
                }
                if outbound.queuedBytes > Self.limit { journal.mark("over the limit") }
                outbound.notifyWhenWritable()
                accepted.fill(count)
            },
            onWritable: { outbound in
                try? outbound.sendPattern(77, seed: 77)
                outbound.close()
            })
        try withServer(setup, Self.bounded, handler: { _ in handler }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(WireBytes.hello())
            let count = try accepted.value("a full queue")
            #expect(count == Self.limit / 10_008)
            let answers = WireBytes.payloads(in: try peer.readToEnd(), .native)
            #expect(answers == (0..<count).map { Pattern.bytes(10_000, seed: $0) } + [Pattern.bytes(77, seed: 77)])
            peer.close()
            #expect(try journal.closed().code == nil)
            #expect(journal.now.writable == 1)
            #expect(journal.now.marks == ["outboundFull"])
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `writable is called also when nothing is queued`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                while try frames.next() != nil {}
                reply.notifyWhenWritable()
            },
            onWritable: { try? $0.sendPattern(5, seed: 5) })
        try withServer(setup, handler: { _ in handler }) { _, endpoint in
            var connection = try Connection(connectingTo: endpoint)
            for round in 1...3 {
                try connection.sendPattern(1, seed: 1)
                #expect(try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 5, seed: 5) } == true)
                #expect(try journal.wait(for: "writable") { $0.writable >= round }.writable == round)
            }
            try connection.close()
        }
    }

    /// A source that is written as fast as the peer takes it, from nothing but `writable`.
    @Test(arguments: LoopSetup.usable)
    func `a handler streams from writable alone`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let next = Journal()
        let produce: @Sendable (inout Outbound) -> Void = { outbound in
            for _ in 0..<3 {
                let index = next.now.writable
                guard index < 300 else { return outbound.close() }
                try? outbound.sendPattern(index * 13, seed: index)
                next.note { $0.writable += 1 }
            }
            outbound.notifyWhenWritable()
        }
        let handler = Scripted(journal: journal, onOpened: { $0.notifyWhenWritable() }, onWritable: produce)
        try withServer(setup, handler: { _ in handler }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(WireBytes.hello())
            let answers = WireBytes.payloads(in: try peer.readToEnd(), .native)
            #expect(answers == (0..<300).map { Pattern.bytes($0 * 13, seed: $0) })
        }
    }

    /// A handler that takes one frame a call, and answers with many: it is asked again, in order, nothing lost or doubled.
    @Test(arguments: LoopSetup.usable)
    func `a handler that leaves frames is asked again`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                guard let frame = try frames.next() else { return }
                let size = frame.count
                journal.note { $0.writable += 1 }
                for part in 0..<3 { try reply.sendPattern(size * 10, seed: size + part) }
            })
        try withServer(setup, Self.bounded, handler: { _ in handler }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(WireBytes.hello())
            let sizes = (0..<150).map { ($0 &* 53) % 700 }
            let writer = Background {
                try peer.write(sizes.flatMap { WireBytes.frame(Pattern.bytes($0, seed: $0), .native) } + WireBytes.goodbye)
                peer.finishWriting()
            }
            let answers = WireBytes.payloads(in: try peer.readToEnd(), .native)
            try writer.value()
            #expect(answers == sizes.flatMap { size in (0..<3).map { Pattern.bytes(size * 10, seed: size + $0) } })
            #expect(journal.now.writable == sizes.count)
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `many that never read do not starve an honest one, though the pool is tiny`(_ setup: LoopSetup) throws {
        let change: @Sendable (inout Configuration) -> Void = {
            Self.bounded(&$0)
            $0.pooledBufferCount = 4
            $0.drainTimeout = .milliseconds(50)
        }
        try withServer(setup, change, handler: { _ in Echo() }) { server, endpoint in
            let frame = WireBytes.frame(Pattern.bytes(8_000, seed: 1), .native)
            let burst = (0..<100).flatMap { _ in frame }
            let rude = try (0..<12).map { _ in try RawPeer(connectedTo: endpoint) }
            for peer in rude {
                try peer.write(WireBytes.hello())
                #expect(peer.writeUntilRefused(burst, by: server) < burst.count)
            }
            var connection = try Connection(connectingTo: endpoint)
            for index in 0..<100 {
                try connection.sendPattern(index * 90, seed: index)
                let isSame = try connection.receive(within: safetyNet) { frame, _ in
                    Pattern.matches(frame, count: index * 90, seed: index)
                }
                #expect(isSame == true)
            }
            try connection.close()
            for peer in rude { peer.close() }
        }
    }
}
