import Synchronization
import Testing

@testable import RingIPC

/// What other threads ask of a loop.
@Suite struct ThreadTests {
    @Test(arguments: LoopSetup.usable)
    func `frames sent from many threads arrive, each thread's in order`(_ setup: LoopSetup) throws {
        let journal = Journal()
        try withServer(setup, handler: { _ in Echo(journal: journal) }) { server, endpoint in
            var connection = try Connection(connectingTo: endpoint)
            try connection.sendPattern(2, seed: 2)
            #expect(try connection.receive(within: safetyNet) { frame, _ in frame.count } == 2)
            let id = journal.now.connection!
            let threads = (0..<4).map { thread in
                Background {
                    for index in 0..<200 {
                        server.loop.post { loop in
                            let bytes = [UInt8(thread), UInt8(index)]
                            do { unsafe try loop.send(to: id, bytes.span.bytes) } catch { journal.mark("\(error)") }
                        }
                    }
                }
            }
            var next = [0, 0, 0, 0]
            for _ in 0..<800 {
                let frame = try #require(try connection.receive(within: safetyNet) { frame, _ in bytes(of: frame) })
                #expect(Int(frame[1]) == next[Int(frame[0])])
                next[Int(frame[0])] += 1
            }
            for thread in threads { try thread.value() }
            try connection.close()
            #expect(journal.now.marks == [])
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `a send to a connection that is gone says so, also when its place is taken`(_ setup: LoopSetup) throws {
        let journal = Journal()
        try withServer(setup, handler: { _ in Collector(journal: journal) }) { server, endpoint in
            var ids: [ConnectionID] = []
            for round in 1...5 {
                let connection = try Connection(connectingTo: endpoint)
                try connection.close()
                ids.append(try journal.wait(for: "an end") { $0.closed.count == round }.connection!)
                try server.until("a free place") { $0.connectionCount == 0 }
            }
            #expect(Set(ids).count == 5)
            var connection = try Connection(connectingTo: endpoint)
            try connection.flush()
            try journal.wait(for: "opened") { $0.opened == 6 }
            for id in ids {
                let code = try server.ask { loop -> TransportError.Code? in
                    failure { () throws(TransportError) in
                        let bytes: [UInt8] = [1]
                        unsafe try loop.send(to: id, bytes.span.bytes)
                    }?.code
                }
                #expect(code == .closed)
            }
            try connection.close()
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `timers run in the order of their times, and equal ones in the order in which they were set`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let server = try RunningLoop(setup)
        server.loop.post { loop in
            for (index, delay) in [8, 2, 5, 2, 0, 5, -1].enumerated() {
                loop.schedule(after: .milliseconds(delay)) { _ in journal.mark("\(max(0, delay))-\(index)") }
            }
            loop.schedule(after: .milliseconds(9)) { $0.stop() }
        }
        try server.join()
        #expect(journal.now.marks == ["0-4", "0-6", "2-1", "2-3", "5-2", "5-5", "8-0"])
    }

    @Test(arguments: LoopSetup.usable)
    func `a loop that is stopped before it runs ends at once, and can run again`(_ setup: LoopSetup) throws {
        let loop = try EventLoop(configuration: setup.configuration())
        loop.stop()
        try RunningLoop(loop).join()
        let (journal, endpoint) = (Journal(), Endpoint.abstract(uniqueAbstractName()))
        for round in 1...2 {
            // Listeners end with a run: each run is told anew.
            try loop.listen(on: endpoint) { _ in Echo(journal: journal) }
            let running = RunningLoop(loop)
            var connection = try Connection(connectingTo: endpoint)
            try connection.sendPattern(round, seed: round)
            #expect(try connection.receive(within: safetyNet) { frame, _ in frame.count } == round)
            loop.stop()
            #expect(try connection.receive(within: safetyNet) { _, _ in 1 } == nil)
            try connection.close()
            try running.join()
            #expect(journal.now.closed.count == round)
        }
    }

    private final class Policy: Sendable {
        let isOpen = Mutex(true)
        let seen = Mutex<PeerCredentials?>(nil)
    }

    @Test(arguments: LoopSetup.usable)
    func `the accept policy decides by the credentials that the handler gets`(_ setup: LoopSetup) throws {
        let policy = Policy()
        let journal = Journal()
        let change: @Sendable (inout Configuration) -> Void = {
            $0.acceptPolicy = .custom { peer in
                policy.seen.withLock { $0 = peer }
                return policy.isOpen.withLock { $0 }
            }
        }
        let make: @Sendable (PeerCredentials?) -> Echo = { peer in
            if peer == policy.seen.withLock({ $0 }) { journal.mark("same") }
            return Echo(journal: journal)
        }
        try withServer(setup, change, handler: make) { server, endpoint in
            var connection = try Connection(connectingTo: endpoint)
            try connection.sendPattern(1, seed: 1)
            #expect(try connection.receive(within: safetyNet) { frame, _ in frame.count } == 1)
            #expect(journal.now.marks == ["same"])
            policy.isOpen.withLock { $0 = false }
            let refused = try RawPeer(connectedTo: endpoint)
            #expect(try refused.readToEnd() == [])
            #expect(try server.statistics().refusedPeers == 1)
            try connection.close()
        }
    }

    /// Descriptors and places are used again while completions of their last use are under way.
    @Test(arguments: LoopSetup.usable)
    func `connections in quick succession do not get each other's bytes`(_ setup: LoopSetup) throws {
        try withServer(setup, { $0.pooledBufferSize = 1 << 10 }, handler: { _ in Echo() }) { server, endpoint in
            let threads = (0..<4).map { thread in
                Background {
                    var random = SeededRandom(seed: UInt64(thread))
                    for round in 0..<60 {
                        let seed = thread * 1_000 + round
                        if Bool.random(using: &random) {
                            // Leaves without a word, with answers unread.
                            let peer = try RawPeer(connectedTo: endpoint)
                            try peer.write(WireBytes.hello() + WireBytes.frame(Pattern.bytes(3_000, seed: seed), .native))
                            peer.close()
                        } else {
                            var connection = try Connection(connectingTo: endpoint, configuration: .with { $0.receiveRingSize = 16 << 10 })
                            for part in 0..<3 {
                                try connection.sendPattern(part * 700, seed: seed + part)
                                let isSame = try connection.receive(within: safetyNet) { frame, _ in
                                    Pattern.matches(frame, count: part * 700, seed: seed + part)
                                }
                                guard isSame == true else { return false }
                            }
                            try connection.close()
                        }
                    }
                    return true
                }
            }
            for thread in threads { #expect(try thread.value()) }
            try server.until("an empty loop") { $0.connectionCount == 0 }
        }
    }
}
