import Glibc
import Testing

@testable import RingIPC

/// What the survivor sees when the peer dies at step N: the rows of the table in `Docs/Reliability.md`, in its order. The last row is with
/// the programs of their own, in `Tests/Injected`.
@Suite struct PeerDeathTests {
    /// Who is left: a connection of a loop, or a blocking one.
    enum Survivor: Sendable, CustomTestStringConvertible {
        case loop(LoopSetup)
        case blocking(BackendChoice)

        static let all = LoopSetup.backends.map { Survivor.loop($0) } + Machine.blockingChoices.map { .blocking($0) }

        var testDescription: String {
            switch self {
            case .loop(let setup): "a loop on \(setup)"
            case .blocking(let backend): "a blocking connection on \(backend)"
            }
        }
    }

    /// What its program sees: the frames, and how it ended; `nil` is an end in order.
    struct Seen: Equatable {
        var frames: [[UInt8]] = []
        var code: TransportError.Code?
    }

    private static let frame = WireBytes.frame([1, 2, 3], .native)

    private static func configuration(_ backend: BackendChoice) -> Configuration {
        .with {
            $0.backend = backend
            $0.wait = .block
        }
    }

    /// - Parameters:
    ///   - answers: frames that the survivor sends and the peer never reads.
    ///   - said: what the peer writes before it dies. It has read the survivor's hello by then, unless there are answers.
    private static func seen(by survivor: Survivor, answers: Int = 0, peer said: [UInt8], then death: Death) throws -> Seen {
        let (peer, descriptor) = RawPeer.pair()
        switch survivor {
        case .loop(let setup):
            let journal = Journal()
            let server = try RunningLoop(setup)
            server.loop.connect(
                to: .descriptor(descriptor),
                handler: Scripted(
                    journal: journal, onOpened: { for index in 0..<answers { try? $0.sendPattern(50, seed: index) } },
                    onReceived: { frames, _ in
                        while let frame = try frames.next() {
                            let copy = bytes(of: frame)
                            journal.note { $0.frames.append(copy) }
                        }
                    }))
            if answers == 0 { _ = try peer.read(exactly: Hello.encodedLength) }
            try peer.write(said)
            try death.strike(peer)
            let code = try journal.closed().code
            try server.stop()
            return Seen(frames: journal.now.frames, code: code)
        case .blocking(let backend):
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration(backend))
            for index in 0..<answers { try connection.sendPattern(50, seed: index) }
            try connection.flush()
            if answers == 0 { _ = try peer.read(exactly: Hello.encodedLength) }
            try peer.write(said)
            try death.strike(peer)
            return try received(by: connection)
        }
    }

    /// Everything up to the end, which a program in order meets with a close.
    private static func received(by connection: consuming Connection) throws -> Seen {
        var seen = Seen()
        var connection = connection
        do {
            while let frame = try connection.receive(within: safetyNet, { frame, _ in bytes(of: frame) }) { seen.frames.append(frame) }
            try connection.close()
        } catch let error as TransportError {
            seen.code = error.code
        }
        return seen
    }

    // MARK: While the peer talks

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 1: before the hello`(_ survivor: Survivor, _ death: Death) throws {
        #expect(try Self.seen(by: survivor, peer: [], then: death) == Seen(code: .peerClosedAbruptly))
    }

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 2: inside the hello`(_ survivor: Survivor, _ death: Death) throws {
        for count in [1, 4, 8, 23] {
            let said = Array(WireBytes.hello().prefix(count))
            #expect(try Self.seen(by: survivor, peer: said, then: death) == Seen(code: .truncatedFrame), "\(count) bytes")
        }
    }

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 3: after the hello, before any frame`(_ survivor: Survivor, _ death: Death) throws {
        #expect(try Self.seen(by: survivor, peer: WireBytes.hello(), then: death) == Seen(code: .peerClosedAbruptly))
    }

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 4: inside a header`(_ survivor: Survivor, _ death: Death) throws {
        let said = WireBytes.hello() + Self.frame + Self.frame.prefix(5)
        #expect(try Self.seen(by: survivor, peer: said, then: death) == Seen(frames: [[1, 2, 3]], code: .truncatedFrame))
    }

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 5: inside a payload`(_ survivor: Survivor, _ death: Death) throws {
        let long = WireBytes.frame(Pattern.bytes(100_000, seed: 5), .native)
        for cut in [Array(Self.frame.prefix(10)), Array(long.prefix(90_000))] {
            let said = WireBytes.hello() + Self.frame + cut
            #expect(try Self.seen(by: survivor, peer: said, then: death) == Seen(frames: [[1, 2, 3]], code: .truncatedFrame))
        }
    }

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 6: between two frames`(_ survivor: Survivor, _ death: Death) throws {
        let said = WireBytes.hello() + Self.frame
        #expect(try Self.seen(by: survivor, peer: said, then: death) == Seen(frames: [[1, 2, 3]], code: .peerClosedAbruptly))
    }

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 7: after the goodbye`(_ survivor: Survivor, _ death: Death) throws {
        let said = WireBytes.hello() + Self.frame + WireBytes.goodbye
        #expect(try Self.seen(by: survivor, peer: said, then: death) == Seen(frames: [[1, 2, 3]]))
    }

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 8: after the goodbye, with frames of ours unread`(_ survivor: Survivor, _ death: Death) throws {
        let said = WireBytes.hello() + Self.frame + WireBytes.goodbye
        #expect(try Self.seen(by: survivor, answers: 3, peer: said, then: death) == Seen(frames: [[1, 2, 3]]))
    }

    // MARK: While we talk

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 9: while we send a long frame and its buffer is full`(_ survivor: Survivor, _ death: Death) throws {
        let (peer, descriptor) = RawPeer.pair()
        try peer.write(WireBytes.hello() + Self.frame)
        switch survivor {
        case .loop(let setup):
            let journal = Journal()
            let server = try RunningLoop(setup)
            server.loop.connect(
                to: .descriptor(descriptor),
                handler: Scripted(
                    journal: journal,
                    onReceived: { frames, reply in
                        while let frame = try frames.next() {
                            let copy = bytes(of: frame)
                            journal.note { $0.frames.append(copy) }
                            try reply.sendPattern(8 << 20, seed: 9)
                        }
                    }))
            try peer.awaitUnread(64 << 10)
            try death.strike(peer)
            #expect(try journal.closed().code == .connectionReset)
            #expect(journal.now.frames == [[1, 2, 3]])
            try server.stop()
        case .blocking(let backend):
            let sender = Background {
                var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: Self.configuration(backend))
                do { try connection.sendPattern(8 << 20, seed: 9) } catch { return (error as? TransportError)?.code }
                return nil
            }
            try peer.awaitUnread(64 << 10)
            try death.strike(peer)
            #expect(try sender.value() == .connectionReset)
        }
    }

    /// It had read everything: nothing tells of its death but the next send.
    @Test(arguments: Survivor.all, Death.allCases)
    func `row 10: after its half-close, while we may still send`(_ survivor: Survivor, _ death: Death) throws {
        let (peer, descriptor) = RawPeer.pair()
        try peer.write(WireBytes.hello() + Self.frame + WireBytes.goodbye)
        peer.finishWriting()
        switch survivor {
        case .loop(let setup):
            let journal = Journal()
            let server = try RunningLoop(setup)
            server.loop.connect(to: .descriptor(descriptor), handler: Scripted(journal: journal, onFinished: { _ in }))
            let id = try journal.wait(for: "the half-close") { $0.finished == 1 }.connection!
            _ = try peer.read(exactly: Hello.encodedLength)
            try death.strike(peer)
            try awaitHangup(at: descriptor)
            #expect(journal.now.closed.isEmpty)
            server.loop.post { loop in
                let answer = Pattern.bytes(50, seed: 1)
                do { unsafe try loop.send(to: id, answer.span.bytes) } catch { journal.mark("\(error)") }
            }
            #expect(try journal.closed().code == .connectionReset)
            #expect(journal.now.marks == [])
            try server.stop()
        case .blocking(let backend):
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: Self.configuration(backend))
            #expect(try connection.receive(within: safetyNet) { frame, _ in bytes(of: frame) } == [1, 2, 3])
            #expect(try connection.receive(within: safetyNet) { _, _ in 1 } == nil)
            _ = try peer.read(exactly: Hello.encodedLength)
            try death.strike(peer)
            try awaitHangup(at: descriptor)
            try connection.sendPattern(50, seed: 1)
            #expect(failure { () throws(TransportError) in try connection.flush() }?.code == .connectionReset)
        }
    }

    // MARK: In the listen queue

    /// What a client said before it was accepted is read, as it would be otherwise; our hello finds nobody.
    @Test(arguments: Survivor.all, Death.allCases)
    func `row 11: while it waits in our listen queue`(_ survivor: Survivor, _ death: Death) throws {
        let cut = try Self.seenFromQueue(by: survivor, client: WireBytes.hello() + Self.frame, then: death)
        #expect(cut.frames == [[1, 2, 3]])
        // Which of both is found first, the end of the stream or the failed hello, is the kernel's choice.
        #expect(cut.code == .peerClosedAbruptly || cut.code == .connectionReset)
        let whole = try Self.seenFromQueue(by: survivor, client: WireBytes.hello() + Self.frame + WireBytes.goodbye, then: death)
        #expect(whole == Seen(frames: [[1, 2, 3]]))
    }

    /// The client has spoken and died before anybody accepts it.
    private static func seenFromQueue(by survivor: Survivor, client said: [UInt8], then death: Death) throws -> Seen {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        func queueAndDie() throws {
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(said)
            try death.strike(peer)
        }
        switch survivor {
        case .loop(let setup):
            let journal = Journal()
            let loop = try EventLoop(configuration: setup.configuration())
            try loop.listen(on: endpoint) { _ in Collector(journal: journal) }
            try queueAndDie()
            let server = RunningLoop(loop)
            let code = try journal.closed().code
            try server.stop()
            return Seen(frames: journal.now.frames, code: code)
        case .blocking(let backend):
            var listener = try Listener(endpoint, configuration: configuration(backend))
            try queueAndDie()
            return try received(by: try listener.accept(within: safetyNet))
        }
    }

    @Test(arguments: Survivor.all, Death.allCases)
    func `row 12: the server, while we wait in its listen queue`(_ survivor: Survivor, _ death: Death) throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        let server = RawPeer(owning: Plain.listening(path).release())
        // The queue of this server has one place.
        precondition(listen(server.descriptor, 0) == 0)
        let codes: [TransportError.Code?]
        switch survivor {
        case .loop(let setup):
            let (queued, late) = (Journal(), Journal())
            let client = try RunningLoop(setup)
            client.loop.connect(to: .path(path), handler: Collector(journal: queued))
            try client.until("a place in the queue") { $0.connectionCount == 1 }
            client.loop.connect(to: .path(path), handler: Collector(journal: late))
            try death.strike(server)
            codes = [try queued.closed().code, try late.closed().code]
            try client.stop()
        case .blocking(let backend):
            let configuration = Self.configuration(backend)
            var queued = try Connection(connectingTo: .path(path), configuration: configuration)
            try queued.sendPattern(50, seed: 1)
            try queued.flush()
            let late = Background {
                failure { () throws(TransportError) in _ = try Connection(connectingTo: .path(path), configuration: configuration) }?.code
            }
            try death.strike(server)
            codes = [try Self.received(by: queued).code, try late.value()]
        }
        #expect(codes == [.connectionReset, .connectionRefused])
    }
}
