import Synchronization
import Testing

@testable import RingIPC

/// Payloads that do not move, to and from loops.
@Suite struct LoanLoopTests {
    private static func change(copies: Bool = false, _ further: @escaping (inout SharedMemoryOptions) -> Void = { _ in })
        -> (inout Configuration) -> Void
    {
        {
            $0.wait = .block
            $0.sharedMemory = .with {
                $0.ringSize = 4_096
                $0.copiesAllFrames = copies
                $0.loanThreshold = 1_000
                further(&$0)
            }
        }
    }

    private static let sizes = [0, 999, 1_000, 4_096, 65_535, 65_536, 65_537, 300_000, 1 << 20, 3_000_000]

    @Test(arguments: LoopSetup.backends)
    func `a loop takes loans and answers by loan, in place and copied`(_ setup: LoopSetup) throws {
        for copies in [false, true] {
            let journal = Journal()
            let change = Self.change(copies: copies)
            try withServer(setup, change, handler: { _ in Echo(journal: journal) }) { server, endpoint in
                var client = try Connection(connectingTo: endpoint, configuration: .with(change))
                for round in 0..<3 {
                    for size in Self.sizes {
                        try client.sendPattern(size, seed: size + round)
                        let isSame = try client.receive(within: safetyNet) { frame, _ in
                            isAligned(frame) && Pattern.matches(frame, count: size, seed: size + round)
                        }
                        #expect(isSame == true, "\(size) bytes")
                    }
                }
                // Nothing of it has gone through the ring.
                let all = UInt64(3 * Self.sizes.reduce(0, +))
                #expect(client.statistics.bytesSent >= all && client.statistics.bytesReceived >= all)
                let statistics = try server.statistics()
                #expect(statistics.bytesSent >= all && statistics.bytesReceived >= all)
                #expect(copies == (statistics.copiedBytes >= all))
                try client.close()
                #expect(try journal.closed().code == nil)
                #expect(journal.now.misaligned == 0)
            }
        }
    }

    @Test(arguments: LoopSetup.backends)
    func `a loaned frame that a handler leaves is offered again`(_ setup: LoopSetup) throws {
        for copies in [false, true] {
            let journal = Journal()
            let change = Self.change(copies: copies)
            let calls = Mutex(0)
            let handler = Scripted(
                journal: journal,
                onReceived: { frames, reply in
                    guard
                        calls.withLock({
                            $0 += 1; return $0 % 2 == 0
                        })
                    else { return }
                    while let frame = try frames.next() { try reply.send(frame.bytes) }
                })
            try withServer(setup, change, handler: { _ in handler }) { _, endpoint in
                var client = try Connection(connectingTo: endpoint, configuration: .with(change))
                for size in Self.sizes + Self.sizes {
                    try client.sendPattern(size, seed: size)
                    #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: size, seed: size) } == true)
                }
                try client.close()
                #expect(try journal.closed().code == nil)
            }
        }
    }

    @Test(arguments: LoopSetup.backends)
    func `leases of a handler outlive its connection`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let change = Self.change()
        let leases = Leases()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                while let frame = try frames.next() {
                    if let lease = reply.lease(frame) { leases.keep(lease) }
                    try reply.send(frame.bytes)
                }
            })
        try withServer(setup, change, handler: { _ in handler }) { _, endpoint in
            var client = try Connection(connectingTo: endpoint, configuration: .with(change))
            for seed in 0..<8 {
                try client.sendPattern(100_000, seed: seed)
                #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 100_000, seed: seed) } == true)
            }
            try client.close()
            #expect(try journal.closed().code == nil)
        }
        // The first may have come by the socket.
        let boxes = leases.all
        #expect(boxes.count >= 7)
        for (index, box) in boxes.enumerated() { #expect(box.matches(100_000, seed: index + 8 - boxes.count)) }
    }

    private final class Leases: Sendable {
        private let boxes = Mutex<[LeaseBox]>([])
        var all: [LeaseBox] { boxes.withLock { $0 } }

        func keep(_ lease: consuming FrameLease) {
            let box = LeaseBox()
            box.lease = consume lease
            boxes.withLock { $0.append(box) }
        }
    }

    @Test(arguments: LoopSetup.backends)
    func `a peer that lies about a loan loses its connection, and no other`(_ setup: LoopSetup) throws {
        let server = try RunningLoop(setup) {
            Self.change { $0.largestPeerLoans = 2 * 2 * ((64 << 10) + 64) }(&$0)
            $0.maximumFrameLength = 10_000
        }
        for lie in LoanLieTests.lies {
            let lane = try LaneByHand()
            let pool = try PoolByHand()
            let end = Journal()
            try lie.tell(lane, pool)
            // What is told on the socket alone is found when something is there to be read.
            lane.lend(77, 0, 8)
            server.loop.connect(to: .descriptor(lane.descriptor), handler: Collector(journal: end))
            #expect(try end.closed().code == lie.code, "\(lie.testDescription)")
            try awaitUntil("a pool that is closed") { pool.isAlone }
        }
        try server.stop()
    }
}
