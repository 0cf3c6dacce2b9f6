import Glibc
import Testing

@testable import RingIPC

/// What a loop's handler learns of the end of a connection that its peer ends.
@Suite struct EndTests {
    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `an end in order is told, after every frame`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        try withServer(setup, { $0.format = format }, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.format = format })
            for index in 0..<100 { try connection.sendPattern(index * 7, seed: index) }
            try connection.close()
            #expect(try journal.closed().code == nil)
            #expect(journal.now.finished == 1)
            #expect(journal.now.frames == (0..<100).map { Pattern.bytes($0 * 7, seed: $0) })
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `an end between frames without a goodbye is abrupt, where there are goodbyes`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        try withServer(setup, { $0.format = format }, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(WireBytes.opening(format) + WireBytes.frame([1, 2, 3], format))
            peer.finishWriting()
            #expect(try journal.closed().code == (format == .native ? .peerClosedAbruptly : nil))
            #expect(journal.now.frames == [[1, 2, 3]])
            #expect(journal.now.finished == (format == .native ? 0 : 1))
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `an end inside a frame is told from one between frames`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let frame = WireBytes.frame([1, 2, 3, 4, 5], format)
        let journal = Journal()
        try withServer(setup, { $0.format = format }, handler: { _ in Collector(journal: journal) }) { _, endpoint in
            for (count, cut) in (1..<frame.count).enumerated() {
                let peer = try RawPeer(connectedTo: endpoint)
                try peer.write(WireBytes.opening(format) + frame + frame.prefix(cut))
                peer.finishWriting()
                #expect(try journal.closed(count + 1).code == .truncatedFrame, "cut after \(cut) bytes")
            }
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `a peer that goes away with unread answers is no orderly one`(_ setup: LoopSetup) throws {
        let journal = Journal()
        try withServer(setup, handler: { _ in Echo(journal: journal) }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(WireBytes.hello() + WireBytes.frame([1, 2, 3], .native))
            // One byte of the answer: the rest is unread when the socket is closed.
            _ = try peer.read(exactly: 1)
            peer.close()
            let code = try journal.closed().code
            #expect(code == .connectionReset || code == .peerClosedAbruptly)
            #expect(journal.now.finished == 0)
        }
    }

    /// The end is there already while the handler still leaves the last frame, which had come in two pieces.
    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `a frame that was left is offered again also when the end has come`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let isGone = Slot<Bool>()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, _ in
                if journal.now.writable == 0 {
                    journal.note { $0.writable += 1 }
                    _ = try isGone.value("the peer's end")
                }
                journal.note { $0.writable += 1 }
                if journal.now.writable < 5 { return }
                while let frame = try frames.next() {
                    let copy = bytes(of: frame)
                    journal.note { $0.frames.append(copy) }
                }
            })
        try withServer(setup, { $0.format = format }, handler: { _ in handler }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            let payload = Pattern.bytes(600, seed: 1)
            let frame = WireBytes.frame(payload, format)
            try peer.writeAlone(WireBytes.opening(format) + frame.prefix(300))
            try peer.write(Array(frame.dropFirst(300)))
            try journal.wait(for: "the first call") { $0.writable == 1 }
            if format == .native { try peer.write(WireBytes.goodbye) }
            peer.finishWriting()
            isGone.fill(true)
            #expect(try journal.closed().code == nil)
            #expect(journal.now.frames == [payload])
        }
    }

    /// The handler cannot send any more, and must not be blamed for it.
    @Test(arguments: LoopSetup.usable)
    func `an answer to a peer that is gone does not hide why it is gone`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let isGone = Slot<Bool>()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                while let frame = try frames.next() {
                    if frame.count == 1 {
                        journal.mark("first")
                        _ = try isGone.value("the peer's end")
                    }
                    try reply.send(frame.bytes)
                }
            })
        try withServer(setup, { $0.pooledBufferSize = 1 << 10 }, handler: { _ in handler }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            try peer.write(WireBytes.hello() + WireBytes.frame([1], .native))
            try journal.wait(for: "the first frame") { $0.marks == ["first"] }
            for _ in 0..<40 { try peer.write(WireBytes.frame(Pattern.bytes(500, seed: 1), .native)) }
            peer.close()
            isGone.fill(true)
            let code = try journal.closed().code
            #expect(code == .connectionReset || code == .peerClosedAbruptly)
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `after the peer's half-close a handler goes on sending`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let handler = Scripted(journal: journal, onFinished: { _ in })
        try withServer(setup, { $0.format = format }, handler: { _ in handler }) { server, endpoint in
            var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.format = format })
            try connection.sendPattern(10, seed: 0)
            try connection.finishSending()
            let id = try journal.wait(for: "finished") { $0.finished == 1 }.connection!
            for index in 0..<20 {
                server.loop.post { loop in
                    let bytes = Pattern.bytes(index * 1_000, seed: index)
                    do { unsafe try loop.send(to: id, bytes.span.bytes) } catch { journal.mark("\(error)") }
                }
            }
            for index in 0..<20 {
                let isSame = try connection.receive(within: safetyNet) { frame, _ in
                    Pattern.matches(frame, count: index * 1_000, seed: index)
                }
                #expect(isSame == true)
            }
            server.loop.post { $0.close(id) }
            #expect(try connection.receive(within: safetyNet) { _, _ in 1 } == nil)
            #expect(try journal.closed().code == nil)
            #expect(journal.now.marks == [])
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `both sides close at the same moment`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let (served, called) = (Journal(), Journal())
        let rounds = 50
        try withServer(setup, { $0.format = format }, handler: { _ in Collector(journal: served) }) { server, endpoint in
            let client = try RunningLoop(setup) { $0.format = format }
            for round in 1...rounds {
                client.loop.connect(to: endpoint, handler: Collector(journal: called))
                let here = try called.wait(for: "opened") { $0.opened == round }.connection!
                let there = try served.wait(for: "opened at the server") { $0.opened == round }.connection!
                server.loop.post { $0.close(there) }
                client.loop.post { $0.close(here) }
                _ = try (served.closed(round), called.closed(round))
            }
            try client.stop()
        }
        #expect(served.now.closed.compactMap(\.error).map(\.description) == [])
        #expect(called.now.closed.compactMap(\.error).map(\.description) == [])
    }
}
