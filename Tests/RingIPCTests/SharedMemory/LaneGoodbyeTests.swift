import Testing

@testable import RingIPC

/// A peer that has taken everything, says goodbye and is gone at once: what this side still had to say about the lane is no loss.
@Suite struct LaneGoodbyeTests {
    private static let question = WireBytes.frame([1, 2, 3], .native)

    private static func connection(to peer: RawLane) throws -> Connection {
        let configuration = LaneSurvivor.configuration(.block) { $0.coalescing = .everyFrame }
        return try Connection(connectingTo: .descriptor(peer.descriptor), configuration: configuration)
    }

    @Test func `an answer that nobody waits for is not missed`() throws {
        let peer = try RawLane()
        var connection = try Self.connection(to: peer)
        try peer.meet()
        try peer.greet()
        try peer.send(RawLane.accepted + WireBytes.goodbye)
        peer.socket.close()
        #expect(try connection.receive(within: safetyNet) { frame, _ in frame.count } == nil)
        try connection.close()
    }

    /// The offer is seen by a flush, which is what a side that only sends looks for it with.
    @Test func `an answer that finds nobody is no failure of the flush that sends it`() throws {
        let peer = try RawLane()
        var connection = try Self.connection(to: peer)
        try peer.meet()
        try peer.greet()
        try peer.send(WireBytes.goodbye)
        peer.socket.close()
        try connection.flush()
        #expect(try connection.receive(within: safetyNet) { frame, _ in frame.count } == nil)
        try connection.close()
    }

    @Test func `a switch that nobody waits for is not missed, and the next frame is`() throws {
        let peer = try RawLane()
        var connection = try Self.connection(to: peer)
        try peer.meet()
        try peer.greet()
        try peer.send(Self.question)
        _ = try connection.receive(within: safetyNet) { _, _ in }
        // With the answer; and then the peer's acceptance is there.
        try connection.flush()
        try peer.expectAccepted()
        try peer.send(RawLane.accepted + WireBytes.goodbye)
        peer.socket.close()
        try connection.flush()
        let error = #expect(throws: TransportError.self) { try connection.sendPattern(4, seed: 0) }
        #expect(error?.code == .connectionReset)
        #expect(try connection.receive(within: safetyNet) { frame, _ in frame.count } == nil)
    }

    /// The doorbell finds nobody. The peer's read position is what a peer leaves that reads between the frame and the doorbell.
    @Test(arguments: [false, true])
    func `a frame that was read is not lost because its reader is gone`(_ isRead: Bool) throws {
        let peer = try RawLane()
        var connection = try Self.connection(to: peer)
        try peer.meet()
        try peer.greet()
        try peer.send(RawLane.accepted + Self.question)
        _ = try connection.receive(within: safetyNet) { _, _ in }
        try connection.flush()
        try #require(connection.lane.sending == .sharedMemory)
        peer.set(.sleeping, 4 | SleepReasons.data.rawValue)
        peer.set(.readPosition, isRead ? 16 : 0)
        peer.socket.close()
        if isRead {
            try connection.sendPattern(4, seed: 0)
        } else {
            let error = #expect(throws: TransportError.self) { try connection.sendPattern(4, seed: 0) }
            #expect(error?.code == .connectionReset)
        }
    }

    /// For a peer that looks at the position because its doorbell found nobody.
    @Test(arguments: [false, true])
    func `who has read everything says so when it ends, however it ends`(_ copies: Bool) throws {
        for closes in [false, true] {
            let peer = try RawLane()
            let descriptor = peer.descriptor
            let survivor = Background {
                var connection = try Connection(
                    connectingTo: .descriptor(descriptor), configuration: LaneSurvivor.configuration(.block, copies: copies))
                let count = try connection.receive(within: safetyNet) { frame, _ in frame.count }
                if closes { try connection.close() }
                return count
            }
            try peer.agree()
            peer.say(Self.question)
            #expect(try survivor.value() == 3)
            #expect(peer.theirWord(.readPosition) == 16)
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `a connection of a loop says it, too`(_ loop: LoopSetup) throws {
        let peer = try RawLane()
        let survivor = LaneSurvivor.receiving(on: loop, copies: false, at: peer.descriptor)
        try peer.agree()
        peer.say(Self.question + WireBytes.goodbye)
        #expect(try survivor.value().error == nil)
        #expect(peer.theirWord(.readPosition) == 24)
    }
}
