import Testing

@testable import RingIPC

/// Loops at one or both ends of a lane of shared memory.
@Suite struct LaneLoopTests {
    private static func change(
        ringSize: Int = 64 << 10, copies: Bool = false, _ further: @escaping (inout Configuration) -> Void = { _ in }
    ) -> (inout Configuration) -> Void {
        {
            $0.wait = .block
            $0.sharedMemory = .with {
                $0.ringSize = ringSize
                $0.copiesAllFrames = copies
                // What does not fit the ring goes in pieces.
                $0.loanBudget = 0
            }
            further(&$0)
        }
    }

    private static let sizes = [0, 1, 7, 8, 9, 64, 1_000, 4_000, 4_096, 5_000, 20_000, 36_000, 60_000, 66_000, 200_000, 1_000_000, 3_000_000]

    @Test(arguments: LoopSetup.backends, [4_096, 64 << 10, 1 << 20])
    func `a loop echoes frames of every size, in place and copied`(_ setup: LoopSetup, _ ringSize: Int) throws {
        for copies in [false, true] {
            let journal = Journal()
            let change = Self.change(ringSize: ringSize, copies: copies)
            try withServer(setup, change, handler: { _ in Echo(journal: journal) }) { server, endpoint in
                var client = try Connection(connectingTo: endpoint, configuration: .with(change))
                for round in 0..<2 {
                    for size in Self.sizes where size <= 32 * ringSize {
                        try client.sendPattern(size, seed: size + round)
                        let isSame = try client.receive(within: safetyNet) { frame, _ in
                            isAligned(frame) && Pattern.matches(frame, count: size, seed: size + round)
                        }
                        #expect(isSame == true, "\(size) bytes")
                    }
                }
                #expect(client.lane.sending == .sharedMemory && client.lane.receiving == .sharedMemory, "\(client.lane)")
                #expect(try server.statistics().sharedMemoryConnections == 1)
                try client.close()
                #expect(try journal.closed().code == nil)
                #expect(journal.now.finished == 1)
                #expect(journal.now.misaligned == 0)
            }
        }
    }

    @Test(arguments: LoopSetup.backends, WaitStrategy.all)
    func `a stream to a loop arrives whole and in order`(_ setup: LoopSetup, _ wait: WaitStrategy) throws {
        for ringSize in [4_096, 64 << 10] {
            let journal = Journal()
            let change = Self.change(ringSize: ringSize) { $0.wait = wait }
            try withServer(setup, change, handler: { _ in Collector(journal: journal) }) { _, endpoint in
                var client = try Connection(connectingTo: endpoint, configuration: .with(change))
                for index in 0..<5_000 { try client.sendPattern(index % 300, seed: index) }
                try client.close()
                #expect(try journal.closed().code == nil)
                #expect((journal.now.frames == (0..<5_000).map { Pattern.bytes($0 % 300, seed: $0) }) == true)
            }
        }
    }

    @Test(arguments: LoopSetup.backends, LoopSetup.backends)
    func `two loops talk, and both hear of the end`(_ setup: LoopSetup, _ other: LoopSetup) throws {
        let (journal, answers) = (Journal(), Journal())
        try withServer(setup, Self.change(), handler: { _ in Echo(journal: journal) }) { _, endpoint in
            let client = try RunningLoop(other, Self.change())
            let sizes = Self.sizes
            client.loop.connect(
                to: endpoint,
                handler: Scripted(
                    journal: answers,
                    onOpened: { outbound in
                        for size in sizes { _ = try? outbound.sendPattern(size, seed: size) }
                    },
                    onReceived: { frames, reply in
                        while let frame = try frames.next() {
                            let copy = bytes(of: frame)
                            answers.note { $0.frames.append(copy) }
                        }
                        if answers.now.frames.count == sizes.count { reply.close() }
                    }))
            #expect(try answers.closed().code == nil)
            #expect(try journal.closed().code == nil)
            #expect((answers.now.frames == sizes.map { Pattern.bytes($0, seed: $0) }) == true)
            try client.stop()
        }
    }
}
