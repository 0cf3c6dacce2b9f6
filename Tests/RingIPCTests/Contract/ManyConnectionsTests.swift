import Testing

@testable import RingIPC

/// A thousand connections at once, both ends in loops.
@Suite struct ManyConnectionsTests {
    /// Sends a frame, checks that it comes back, sends the next.
    private struct Caller: ConnectionHandler {
        let journal: Journal
        let number: Int
        var round = 0

        static let rounds = 5

        private var size: Int { (number &* 31 &+ round &* 977) % 3_000 }

        mutating func opened(_ outbound: inout Outbound) { try? outbound.sendPattern(size, seed: number + round) }

        mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
            while let frame = try frames.next() {
                guard Pattern.matches(frame, count: size, seed: number + round) else { throw Wrong(number: number, round: round) }
                round += 1
                if round < Self.rounds { try reply.sendPattern(size, seed: number + round) } else { reply.close() }
            }
        }

        mutating func closed(_ reason: CloseReason) {
            let isComplete = round == Self.rounds
            journal.note {
                $0.closed.append(reason)
                if !isComplete { $0.marks.append("\(number) ended in round \(round)") }
            }
        }
    }

    private struct Wrong: Error { let number: Int, round: Int }

    private static let count = 1_000

    @Test(arguments: LoopSetup.usable)
    func `a thousand connections at once on one loop`(_ setup: LoopSetup) throws {
        let (served, called) = (Journal(), Journal())
        try withServer(setup, handler: { _ in Echo(journal: served) }) { server, endpoint in
            let client = try RunningLoop(setup)
            for number in 0..<Self.count { client.loop.connect(to: endpoint, handler: Caller(journal: called, number: number)) }
            try called.wait(for: "the end of all") { $0.closed.count == Self.count }
            try served.wait(for: "the end of all at the server") { $0.closed.count == Self.count }
            #expect(called.now.closed.compactMap(\.error).map(\.description) == [])
            #expect(served.now.closed.compactMap(\.error).map(\.description) == [])
            #expect(called.now.marks == [])
            #expect(try server.statistics().framesReceived == UInt64(Self.count * Caller.rounds))
            try client.stop()
        }
    }

    @Test(arguments: LoopSetup.backends)
    func `a group of loops spreads them`(_ setup: LoopSetup) throws {
        let (served, called) = (Journal(), Journal())
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let group = try EventLoopGroup(loops: 3, configuration: setup.configuration())
        try group.listen(on: endpoint) { _ in Echo(journal: served) }
        let thread = Background { try group.run() }
        let client = try RunningLoop(setup)
        for number in 0..<300 { client.loop.connect(to: endpoint, handler: Caller(journal: called, number: number)) }
        try called.wait(for: "the end of all") { $0.closed.count == 300 }
        #expect(called.now.closed.allSatisfy { $0.code == nil })
        #expect(called.now.marks == [])
        let shares = try group.loops.map { loop in
            let share = Slot<UInt64>()
            loop.post { share.fill($0.statistics.framesReceived) }
            return try share.value("an answer of a loop of the group")
        }
        #expect(shares.allSatisfy { $0 == UInt64(100 * Caller.rounds) }, "\(shares)")
        try client.stop()
        group.stop()
        try thread.value()
    }
}
