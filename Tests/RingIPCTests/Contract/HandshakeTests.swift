import Testing

@testable import RingIPC

/// The first bytes of a native connection, from every kind of peer.
@Suite struct HandshakeTests {
    @Test(arguments: LoopSetup.usable)
    func `a peer without a hello is not waited for for ever`(_ setup: LoopSetup) throws {
        let journal = Journal()
        try withServer(setup, { $0.helloTimeout = .milliseconds(20) }, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            for (count, part) in [0, 1, 8, 23].enumerated() {
                let peer = try RawPeer(connectedTo: endpoint)
                try peer.write(Array(WireBytes.hello().prefix(part)))
                let error = try journal.closed(count + 1).error
                #expect(error?.code == .timedOut && error?.operation == .handshake)
                #expect(try peer.readToEnd() == WireBytes.hello())
            }
            #expect(journal.now.opened == 0)
        }
    }

    static let wrong: [(name: String, bytes: [UInt8])] = [
        ("first byte", [0xFE]),
        ("second byte", [0xFF, 0x51]),
        ("magic", WireBytes.hello(magic: [0xFF, 0x52, 0x49, 0xFE])),
        ("version", WireBytes.hello(version: 2)),
        ("unknown required feature", WireBytes.hello(features: 1 << 40)),
        ("plain client", WireBytes.frame([1, 2, 3], .lengthPrefixed(.little))),
        ("Qt client", WireBytes.frame([1, 2, 3], .qByteArray)),
        ("text", Array("GET / HTTP/1.1\r\n\r\n".utf8)),
    ]

    @Test(arguments: LoopSetup.usable, wrong.map(\.name))
    func `a wrong hello is refused at once, and nobody else notices`(_ setup: LoopSetup, _ name: String) throws {
        let bytes = Self.wrong.first { $0.name == name }!.bytes
        let journal = Journal()
        // A minute: an answer that waits for it would run into the safety net.
        try withServer(setup, { $0.helloTimeout = .seconds(60) }, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(bytes)
            #expect(try journal.closed().code == .incompatiblePeer)
            #expect(journal.now.opened == 0)
            var connection = try Connection(connectingTo: endpoint)
            try connection.sendPattern(3, seed: 3)
            try connection.close()
            #expect(try journal.closed(2).code == nil)
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `an unknown feature that may be ignored, and a later body, are passed over`(_ setup: LoopSetup) throws {
        let journal = Journal()
        try withServer(setup, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            var hello = WireBytes.hello(features: 1 << 3)
            hello[6] = 24
            try peer.write(hello + [1, 2, 3, 4, 5, 6, 7, 8] + WireBytes.frame([7], .native) + WireBytes.goodbye)
            peer.finishWriting()
            #expect(try journal.closed().code == nil)
            #expect(journal.now.frames == [[7]])
        }
    }

    @Test(arguments: LoopSetup.usable, [true, false])
    func `a hello cut at every byte, with and without data behind it`(_ setup: LoopSetup, _ endsThere: Bool) throws {
        let journal = Journal()
        let hello = WireBytes.hello()
        let rest = WireBytes.frame([5, 6], .native) + WireBytes.goodbye
        try withServer(setup, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            for cut in 1..<hello.count {
                let peer = try RawPeer(connectedTo: endpoint)
                try peer.writeAlone(Array(hello.prefix(cut)))
                if !endsThere { try peer.write(Array(hello.dropFirst(cut)) + rest) }
                peer.finishWriting()
                let code = try journal.closed(cut).code
                #expect(code == (endsThere ? .truncatedFrame : nil), "cut after \(cut) bytes")
            }
            #expect(journal.now.frames == (endsThere ? [] : [[UInt8]](repeating: [5, 6], count: hello.count - 1)))
        }
    }

    @Test(arguments: LoopSetup.backends)
    func `the peer's smaller limit holds for what is sent to it`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onOpened: { outbound in
                let code = failure { () throws(TransportError) in try outbound.sendPattern(1_001, seed: 0) }?.code
                if code != .frameTooLong { journal.mark("1001 bytes: \(String(describing: code))") }
                try? outbound.sendPattern(1_000, seed: 1)
            })
        try withServer(setup, handler: { _ in handler }) { _, endpoint in
            var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.maximumFrameLength = 1_000 })
            #expect(try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 1_000, seed: 1) } == true)
            try connection.close()
            #expect(journal.now.marks == [])
        }
    }

    @Test(arguments: Machine.blockingChoices, wrong.map(\.name))
    func `a blocking connection refuses a wrong hello`(_ backend: BackendChoice, _ name: String) throws {
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(
            connectingTo: .descriptor(descriptor),
            configuration: .with {
                $0.backend = backend; $0.wait = .block
            })
        try peer.write(Self.wrong.first { $0.name == name }!.bytes)
        var code: TransportError.Code?
        do { _ = try connection.receive(within: safetyNet) { _, _ in 1 } } catch let error as TransportError { code = error.code }
        #expect(code == .incompatiblePeer)
    }

    @Test(arguments: Machine.blockingChoices)
    func `a blocking connection waits for a hello no longer than it may`(_ backend: BackendChoice) throws {
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(
            connectingTo: .descriptor(descriptor),
            configuration: .with {
                $0.backend = backend; $0.helloTimeout = .milliseconds(20)
            })
        var error: TransportError?
        do { _ = try connection.receive { _, _ in 1 } } catch let caught as TransportError { error = caught }
        #expect(error?.code == .timedOut && error?.operation == .handshake)
        peer.close()
    }

    @Test(arguments: LoopSetup.backends, [FrameFormat.lengthPrefixed(.little), .lengthPrefixed(.big), .qByteArray])
    func `a native client is refused by a plain server`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        try withServer(setup, { $0.format = format }, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            var connection = try Connection(connectingTo: endpoint)
            try connection.sendPattern(100, seed: 1)
            try connection.flush()
            #expect(try journal.closed().code == .frameTooLong)
            #expect(throws: TransportError.self) { _ = try connection.receive(within: safetyNet) { _, _ in 1 } }
        }
    }
}
