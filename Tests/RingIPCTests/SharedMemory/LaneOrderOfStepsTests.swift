import Testing

@testable import RingIPC

/// A step of the set-up, or of what follows it, that no honest peer takes.
struct WrongStep: Sendable, CustomTestStringConvertible {
    let name: String
    let code: TransportError.Code
    /// What the error says.
    let words: String
    let take: @Sendable (RawLane) throws -> Void
    var testDescription: String { name }

    init(
        _ name: String, _ words: String, code: TransportError.Code = .malformedFrame, _ take: @escaping @Sendable (RawLane) throws -> Void
    ) {
        (self.name, self.code, self.words, self.take) = (name, code, words, take)
    }

    private static let misplaced = "frame came where none can be"
    private static let stillSends = "has switched to shared memory and still sends"

    /// As far as the survivor's answer.
    private static func greeted(_ peer: RawLane) throws {
        try peer.meet()
        try peer.greet()
        try peer.expectAccepted()
    }

    static let all = [
        WrongStep("an answer without an offer", misplaced) { peer in try peer.send(WireBytes.hello() + RawLane.accepted) },
        WrongStep("a refusal without an offer", misplaced) { peer in try peer.send(WireBytes.hello() + RawLane.refused) },
        WrongStep("a switch without an offer", misplaced) { peer in try peer.send(WireBytes.hello() + RawLane.laneSwitch) },
        WrongStep("a doorbell without an offer", misplaced) { peer in try peer.send(WireBytes.hello() + RawLane.doorbell) },
        WrongStep("two answers", misplaced) { peer in
            try greeted(peer)
            try peer.send(RawLane.accepted + RawLane.accepted)
        },
        WrongStep("a refusal after the acceptance", misplaced) { peer in
            try greeted(peer)
            try peer.send(RawLane.accepted + RawLane.refused)
        },
        WrongStep("an acceptance after the refusal", misplaced) { peer in
            try greeted(peer)
            try peer.send(RawLane.refused + RawLane.accepted)
        },
        WrongStep("a switch after the refusal", misplaced) { peer in
            try greeted(peer)
            try peer.send(RawLane.refused + RawLane.laneSwitch)
        },
        WrongStep("a switch with the hello", misplaced) { peer in
            try peer.meet()
            try peer.send(WireBytes.hello(features: 1) + RawLane.accepted + RawLane.laneSwitch, passing: [peer.own.descriptor!])
        },
        WrongStep("a switch before the own answer", misplaced) { peer in
            try greeted(peer)
            try peer.send(RawLane.laneSwitch)
        },
        WrongStep("a doorbell before our switch", misplaced) { peer in
            try greeted(peer)
            try peer.send(RawLane.doorbell)
        },
        WrongStep("an answer that does not say what it takes", "frame") { peer in
            try greeted(peer)
            try peer.send(RawLane.header(2))
        },
        WrongStep("a piece on the socket", misplaced) { peer in
            try greeted(peer)
            try peer.send(RawLane.header(6, length: 8) + RawLane.header(0, length: 5_000))
        },
        WrongStep("a second hello", "a bit set that must be zero") { peer in
            try greeted(peer)
            try peer.send(WireBytes.hello(features: 1))
        },
        WrongStep("a second switch", stillSends) { peer in
            try peer.agree()
            try peer.send(RawLane.laneSwitch)
        },
        WrongStep("data on the socket behind the switch", stillSends) { peer in
            try peer.agree()
            try peer.send(WireBytes.frame([1], .native))
        },
        WrongStep("data on the socket in one call with the switch", stillSends) { peer in
            try greeted(peer)
            try peer.send(RawLane.accepted + RawLane.laneSwitch + WireBytes.frame([1], .native))
        },
        WrongStep("random bytes on the socket behind the switch", stillSends) { peer in
            try peer.agree()
            var random = SeededRandom(seed: 7)
            try peer.send(random.bytes(1_000))
        },
        WrongStep("a doorbell in the ring", misplaced) { peer in
            try peer.agree()
            peer.say(RawLane.doorbell)
        },
        WrongStep("a switch in the ring", misplaced) { peer in
            try peer.agree()
            peer.say(RawLane.laneSwitch)
        },
        WrongStep("an answer in the ring", misplaced) { peer in
            try peer.agree()
            peer.say(RawLane.accepted)
        },
        WrongStep("bytes behind a goodbye in the ring", "bytes follow a goodbye") { peer in
            try peer.agree()
            peer.say(WireBytes.goodbye + WireBytes.goodbye)
        },
        WrongStep("a part of a frame in the ring", "of a frame that is longer") { peer in
            try peer.agree()
            peer.say(WireBytes.header(100, .native))
        },
        WrongStep("a frame over the limit in the ring", "a frame announces", code: .frameTooLong) { peer in
            try peer.agree()
            peer.say(WireBytes.header(1 << 30, .native))
        },
        WrongStep("padding in the ring that is not zero", "not zero") { peer in
            try peer.agree()
            peer.say(WireBytes.header(1, .native) + [1, 1, 0, 0, 0, 0, 0, 0])
        },
        WrongStep("pieces beyond the end of their frame", "beyond the end") { peer in
            try peer.agree()
            peer.say(piece(RawLane.header(0, length: 100) + zeroes(56)) + piece(zeroes(56)))
        },
        WrongStep("an empty piece", "of 0 bytes") { peer in
            try peer.agree()
            peer.say(piece([]))
        },
        WrongStep("an empty piece behind another", "of 0 bytes") { peer in
            try peer.agree()
            peer.say(piece(RawLane.header(0, length: 100)) + piece([]))
        },
        WrongStep("a frame between pieces", "between the pieces") { peer in
            try peer.agree()
            peer.say(piece(RawLane.header(0, length: 100)) + WireBytes.frame([1], .native))
        },
        WrongStep("a frame where the next piece is due", "between the pieces") { peer in
            try peer.agree()
            peer.say(piece(RawLane.header(0, length: 1_000) + zeroes(592)))
            try peer.expectRead(608)
            peer.say(WireBytes.frame([1], .native))
        },
        WrongStep("a goodbye between pieces", "between the pieces") { peer in
            try peer.agree()
            peer.say(piece(RawLane.header(0, length: 100)) + WireBytes.goodbye)
        },
        WrongStep("a whole frame in a piece", "a whole frame") { peer in
            try peer.agree()
            peer.say(piece(WireBytes.frame([1, 2, 3], .native)))
        },
        WrongStep("less than a header in the first piece", "no header of data") { peer in
            try peer.agree()
            peer.say(piece([1, 0, 0, 0]))
        },
        WrongStep("a piece of a piece", "no header of data") { peer in
            try peer.agree()
            peer.say(piece(RawLane.header(6, length: 100)))
        },
        WrongStep("pieces of a frame over the limit", "a frame announces", code: .frameTooLong) { peer in
            try peer.agree()
            peer.say(piece(RawLane.header(0, length: 1 << 30)))
        },
        WrongStep("a write position behind the last", "write position is 8;", code: .invalidSharedMemory) { peer in
            try peer.agree()
            // As much as is given back at once.
            peer.say(WireBytes.frame(zeroes(600), .native))
            try peer.expectRead(608)
            peer.set(.writePosition, 8)
            peer.ring()
        },
        WrongStep("a write position more than a ring ahead", "write position is 4104;", code: .invalidSharedMemory) { peer in
            try peer.agree()
            peer.set(.writePosition, 4_104)
            peer.ring()
        },
        WrongStep("a write position that is no multiple of 8", "write position is 12;", code: .invalidSharedMemory) { peer in
            try peer.agree()
            peer.set(.writePosition, 12)
            peer.ring()
        },
        WrongStep("the last write position of all", "write position is 18446744073709551608;", code: .invalidSharedMemory) { peer in
            try peer.agree()
            peer.set(.writePosition, .max - 7)
            peer.ring()
        },
    ]

    private static func piece(_ bytes: [UInt8]) -> [UInt8] {
        RawLane.header(6, length: bytes.count) + bytes + zeroes((8 - bytes.count % 8) % 8)
    }

    private static func zeroes(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}

/// Each lie costs the peer its connection, with an error that says what it was; and nothing stays.
@Suite struct LaneOrderOfStepsTests {
    @Test(arguments: LaneEnd.all, WrongStep.all)
    func `a wrong step ends the connection with an error that names it`(_ end: LaneEnd, _ step: WrongStep) throws {
        // A loop cannot tell that its answer has not left yet: what follows from that harms nobody.
        guard end.isBlocking || step.name != "a switch with the hello" else { return }
        let peer = try RawLane()
        let file = MemoryFile(peer.own.descriptor!)
        let survivor = end.receiving(at: peer.descriptor)
        try step.take(peer)
        let error = try survivor.value().error
        #expect(error?.code == step.code, "\(error?.description ?? "no error")")
        if end.isBlocking { #expect(error?.detail.contains(step.words) == true, "\(error?.description ?? "no error")") }
        // The peer's own mapping is left.
        #expect(file.mappingCount == 2)
    }

    @Test(arguments: [.block, .spin] as [WaitStrategy])
    func `a read position that no reader can have ends who waits for room`(_ wait: WaitStrategy) throws {
        for (lie, word) in [(4_104, "4104"), (12, "12"), (UInt64.max - 7, "18446744073709551608"), (1 << 63, "9223372036854775808")]
            as [(UInt64, String)]
        {
            let peer = try RawLane()
            let survivor = LaneSurvivor.sending(LaneSurvivor.configuration(wait), at: peer.descriptor)
            try peer.meet()
            try peer.greet()
            try peer.agreeBehindData()
            if wait == .block { try peer.awaitSleep(.room) } else { try peer.awaitFull(1_000) }
            peer.set(.readPosition, lie)
            peer.ring()
            let error = try survivor.value().error
            #expect(error?.code == .invalidSharedMemory && error?.operation == .send, "\(error?.description ?? "none")")
            #expect(error?.detail.contains("read position is \(word);") == true)
        }
    }
}
