import Testing

@testable import RingIPC

/// Ends that this side begins.
@Suite struct CloseTests {
    enum Moment: String, CaseIterable, Sendable { case opened, received, writable, finished }

    @Test(arguments: LoopSetup.usable, Moment.allCases)
    func `a handler can close in each of its methods`(_ setup: LoopSetup, _ moment: Moment) throws {
        for format in [FrameFormat.native, .lengthPrefixed(.host)] {
            let journal = Journal()
            let end: @Sendable (inout Outbound) -> Void = { outbound in
                try? outbound.sendPattern(9, seed: 9)
                outbound.close()
                let code = failure { () throws(TransportError) in try outbound.sendPattern(9, seed: 9) }?.code
                journal.mark("send after close: \(code.map { "\($0)" } ?? "worked")")
            }
            let handler = Scripted(
                journal: journal,
                onOpened: { if moment == .opened { end(&$0) } },
                onReceived: { frames, reply in
                    while try frames.next() != nil {}
                    if moment == .received { end(&reply) }
                    if moment == .writable {
                        try reply.sendPattern(5, seed: 5)
                        reply.notifyWhenWritable()
                    }
                },
                onWritable: { if moment == .writable { end(&$0) } },
                onFinished: { if moment == .finished { end(&$0) } else { $0.close() } })
            try withServer(setup, { $0.format = format }, handler: { _ in handler }) { server, endpoint in
                let peer = try RawPeer(connectedTo: endpoint)
                try peer.write(WireBytes.opening(format) + WireBytes.frame([1], format))
                if moment == .finished {
                    try peer.write(WireBytes.ending(format))
                    peer.finishWriting()
                }
                let answers = WireBytes.payloads(in: try peer.readToEnd(), format)
                let expected = moment == .writable ? [Pattern.bytes(5, seed: 5), Pattern.bytes(9, seed: 9)] : [Pattern.bytes(9, seed: 9)]
                #expect(answers == expected)
                #expect(journal.now.marks == ["send after close: closed"])
                peer.close()
                #expect(try journal.closed().code == nil)
                try server.until("an empty loop") { $0.connectionCount == 0 }
            }
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `a handler that throws costs only its connection`(_ setup: LoopSetup) throws {
        struct Oops: Error {}
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                while let frame = try frames.next() {
                    if frame.count == 13 { throw Oops() }
                    try reply.send(frame.bytes)
                }
            })
        try withServer(setup, handler: { _ in handler }) { _, endpoint in
            var good = try Connection(connectingTo: endpoint)
            var bad = try Connection(connectingTo: endpoint)
            try bad.sendPattern(13, seed: 1)
            try bad.flush()
            let reason = try journal.closed()
            #expect(reason.code == .handlerFailed && reason.error?.detail.contains("Oops") == true)
            try good.sendPattern(7, seed: 7)
            #expect(try good.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 7, seed: 7) } == true)
            try good.close()
            #expect(try journal.closed(2).code == nil)
        }
    }

    /// More is queued than the socket takes, and the peer begins to read only after the close.
    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `a close delivers a big backlog to a slow reader`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onOpened: { outbound in
                for index in 0..<60 { try? outbound.sendPattern(40_000 + index, seed: index) }
                outbound.close()
            })
        try withServer(setup, { $0.format = format }, handler: { _ in handler }) { server, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(WireBytes.opening(format))
            try journal.wait(for: "opened") { $0.opened == 1 }
            try server.until("a full socket") { $0.statistics.bytesSent > 50_000 }
            let answers = WireBytes.payloads(in: try peer.readToEnd(), format)
            #expect(answers == (0..<60).map { Pattern.bytes(40_000 + $0, seed: $0) })
            #expect(try journal.closed().code == nil)
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `a close with unread input does not take from the peer what was sent`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                _ = try frames.next()
                for index in 0..<5 { try reply.sendPattern(30_000, seed: index) }
                reply.close()
            })
        try withServer(setup, handler: { _ in handler }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(WireBytes.hello() + WireBytes.frame([1], .native))
            // Nobody will ever look at these.
            for _ in 0..<20 { try peer.write(WireBytes.frame(Pattern.bytes(3_000, seed: 1), .native)) }
            let answers = WireBytes.payloads(in: try peer.readToEnd(), .native)
            #expect(answers == (0..<5).map { Pattern.bytes(30_000, seed: $0) })
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `stop delivers what is queued and says goodbye`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let server = try RunningLoop(setup) { $0.format = format }
        let peers = (0..<20).map { _ in RawPeer.pair() }
        for (_, descriptor) in peers {
            server.loop.connect(
                to: .descriptor(descriptor),
                handler: Scripted(
                    journal: journal,
                    onOpened: { outbound in
                        for index in 0..<10 { try? outbound.sendPattern(index * 900, seed: index) }
                    }))
        }
        for (peer, _) in peers { try peer.write(WireBytes.opening(format)) }
        try journal.wait(for: "all opened") { $0.opened == peers.count }
        server.loop.stop()
        for (peer, _) in peers {
            let answers = WireBytes.payloads(in: try peer.readToEnd(), format)
            #expect(answers == (0..<10).map { Pattern.bytes($0 * 900, seed: $0) })
        }
        try server.join()
        #expect(journal.now.closed.count == peers.count && journal.now.closed.allSatisfy { $0.code == nil })
    }

    @Test(arguments: LoopSetup.usable)
    func `stop does not wait for ever for a peer that never reads`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onOpened: { outbound in
                for index in 0..<100 { try? outbound.sendPattern(60_000, seed: index) }
            })
        let (peer, descriptor) = RawPeer.pair()
        let server = try RunningLoop(setup) { $0.drainTimeout = .milliseconds(50) }
        server.loop.connect(to: .descriptor(descriptor), handler: handler)
        try peer.write(WireBytes.hello())
        try journal.wait(for: "opened") { $0.opened == 1 }
        try server.stop()
        let code = try journal.closed().code
        #expect(code == .timedOut || code == .closed)
    }

    enum Unread: String, CaseIterable, Sendable { case inTheRing, inTheSocket, withoutGoodbye }

    /// Both sides close at the same time, and the other one is gone first: our goodbye finds nobody, and nothing was lost.
    @Test(arguments: Machine.blockingChoices, Unread.allCases)
    func `a peer that has said goodbye and gone does not make a close fail`(_ backend: BackendChoice, _ unread: Unread) throws {
        let configuration = Configuration.with {
            $0.backend = backend
            $0.wait = .block
        }
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)
        try connection.sendPattern(10, seed: 1)
        try connection.flush()
        _ = try peer.read(exactly: WireBytes.opening(.native).count + WireBytes.frame(Pattern.bytes(10, seed: 1), .native).count)
        let rest = WireBytes.frame([4, 5], .native) + (unread == .withoutGoodbye ? [] : WireBytes.goodbye)
        let first = WireBytes.opening(.native) + WireBytes.frame([1, 2, 3], .native)
        try peer.write(unread == .inTheSocket ? first : first + rest)
        #expect(try connection.receive(within: safetyNet) { frame, _ in bytes(of: frame) } == [1, 2, 3])
        if unread == .inTheSocket { try peer.write(rest) }
        peer.close()
        var code: TransportError.Code?
        do throws(TransportError) { try connection.close() } catch { code = error.code }
        #expect(code == (unread == .withoutGoodbye ? .connectionReset : nil))
    }

    @Test(arguments: Machine.blockingChoices, FrameFormat.all)
    func `a blocking close delivers everything, and the peer reads an end in order`(_ backend: BackendChoice, _ format: FrameFormat) throws {
        let configuration = Configuration.with {
            $0.format = format
            $0.backend = backend
            $0.wait = .block
        }
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let server = try blockingServer(configuration, on: endpoint) { connection in
            var connection = consume connection
            var count = 0
            while let isSame = try connection.receive(
                within: safetyNet,
                { [count] frame, _ in
                    Pattern.matches(frame, count: 20_000 + count, seed: count)
                })
            {
                if isSame { count += 1 }
            }
            // Again: the end stays an end.
            let again: Int? = try connection.receive(within: safetyNet) { _, _ in 1 }
            return again == nil ? count : -1
        }
        var connection = try Connection(connectingTo: endpoint, configuration: configuration)
        for index in 0..<40 { try connection.sendPattern(20_000 + index, seed: index) }
        try connection.close()
        #expect(try server.value() == 40)
    }
}
