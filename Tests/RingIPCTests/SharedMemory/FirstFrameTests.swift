import Glibc
import Synchronization
import Testing

@testable import RingIPC

/// The first frame after a wait is published as soon as it is whole, by its header.
@Suite struct FirstFrameTests {
    /// Where the survivor stops until it is let through.
    private final class Gate: Sendable {
        private let isReached = Atomic(false)
        private let isOpen = Atomic(false)

        func pass() {
            isReached.store(true, ordering: .releasing)
            while !isOpen.load(ordering: .acquiring) { sched_yield() }
        }

        func awaitArrival() { while !isReached.load(ordering: .acquiring) { sched_yield() } }
        func open() { isOpen.store(true, ordering: .releasing) }
    }

    private static let question = WireBytes.frame([1, 2, 3], .native)

    @Test(arguments: [.block, .spin, .adaptive] as [WaitStrategy])
    func `the first answer is there before its sender does anything else, and what follows it waits for the rest`(_ wait: WaitStrategy) throws {
        let peer = try RawLane()
        let (descriptor, gate) = (peer.descriptor, Gate())
        let survivor = Background {
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: LaneSurvivor.configuration(wait))
            // The lane comes with the first one.
            _ = try connection.receive { _, reply in try reply.sendPattern(8, seed: 0) }
            _ = try connection.receive { _, reply in
                for seed in 1...3 { try reply.sendPattern(8 * seed, seed: seed) }
                gate.pass()
            }
            return try connection.receive { frame, _ in frame.count } == nil
        }
        try peer.agree()
        peer.say(Self.question)
        try peer.expectWritten(16)
        peer.say(Self.question)
        gate.awaitArrival()
        let isAtOnce = wait != .block
        #expect(peer.theirWord(.writePosition) == (isAtOnce ? 32 : 16))
        let next = peer.theirWord(.head(at: isAtOnce ? 32 : 16, inRingOf: UInt64(RawLane.ringSize)))
        #expect(next & NativeHeader.draft != 0)
        gate.open()
        try peer.expectWritten(16 + 16 + 24 + 32)
        for (seed, length) in [8, 8, 16, 24].enumerated() { #expect(try peer.take() == Pattern.bytes(length, seed: seed)) }
        peer.say(WireBytes.goodbye)
        #expect(try survivor.value())
    }

    @Test(arguments: [.block, .spin, .adaptive] as [WaitStrategy])
    func `a flush tells that the first answer has found nobody`(_ wait: WaitStrategy) throws {
        let peer = try RawLane()
        let (descriptor, gate) = (peer.descriptor, Gate())
        let survivor = Background { () -> TransportError.Code? in
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: LaneSurvivor.configuration(wait))
            _ = try connection.receive { _, reply in try reply.sendPattern(8, seed: 0) }
            _ = try connection.receive { frame, _ in frame.count }
            gate.pass()
            do {
                try connection.sendPattern(8, seed: 1)
                try connection.flush()
            } catch let error as TransportError {
                return error.code
            }
            return nil
        }
        try peer.agree()
        peer.say(Self.question)
        try peer.expectWritten(16)
        peer.say(Self.question)
        gate.awaitArrival()
        peer.set(.sleeping, 4 | SleepReasons.data.rawValue)
        peer.socket.close()
        gate.open()
        #expect(try survivor.value() == .connectionReset)
    }

    /// Many times around both rings, so that frames and the zeroes behind them lie across the end and over what is left of other laps.
    @Test(arguments: [.block, .spin, .adaptive] as [WaitStrategy])
    func `answers of any length in any number are whole and in order`(_ wait: WaitStrategy) throws {
        var random = SeededRandom(seed: 11)
        let rounds = (0..<300).map { _ in (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0...300, using: &random) } }
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let configuration = LaneSurvivor.configuration(wait)
        let server = try blockingServer(configuration, on: endpoint) { connection in
            var connection = connection
            for (round, lengths) in rounds.enumerated() {
                _ = try connection.receive { _, reply in
                    for length in lengths { try reply.sendPattern(length, seed: round) }
                }
            }
            try connection.close()
        }
        let client = Background {
            var client = try Connection(connectingTo: endpoint, configuration: configuration)
            for (round, lengths) in rounds.enumerated() {
                try client.sendPattern(round % 200, seed: round)
                for length in lengths {
                    let isSame = try client.receive { frame, _ in Pattern.matches(frame, count: length, seed: round) }
                    guard isSame == true else { return false }
                }
            }
            return try client.receive { frame, _ in frame.count } == nil
        }
        #expect(try client.value())
        try server.value()
    }
}
