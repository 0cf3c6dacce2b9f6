import Glibc
import Testing

@testable import RingIPC

/// Where no shared memory can be had the socket carries on, and says why: `Connection.lane`, which `Statistics` repeat.
@Suite struct LaneFallbackTests {
    private static let frame = WireBytes.frame([1, 2, 3], .native)

    private static func expectSocket(_ outcome: LaneOutcome, _ reason: String) {
        #expect(outcome.error == nil && outcome.frames == [[1, 2, 3]], "\(outcome)")
        #expect(outcome.lane.sending == .socket && outcome.lane.receiving == .socket && outcome.statistics.lane == outcome.lane)
        #expect(outcome.lane.reason.contains(reason), "\(outcome.lane)")
        #expect(outcome.statistics.sharedMemoryConnections == 0 && outcome.statistics.sharedMemoryRefusals == 1)
    }

    @Test func `a peer of before`() throws {
        let peer = try RawLane()
        let survivor = LaneSurvivor.receiving(LaneSurvivor.configuration(), at: peer.descriptor)
        try peer.meet()
        try peer.send(WireBytes.hello() + Self.frame + WireBytes.goodbye)
        Self.expectSocket(try survivor.value(), "the peer offers no shared memory")
    }

    @Test func `a peer that says no, whose memory is let go`() throws {
        let peer = try RawLane()
        let file = MemoryFile(peer.own.descriptor!)
        let survivor = LaneSurvivor.receiving(LaneSurvivor.configuration(), at: peer.descriptor)
        try peer.meet()
        try peer.greet()
        try peer.expectAccepted()
        try peer.send(RawLane.refused + Self.frame)
        // The frame behind the refusal is answered by nobody; that its memory is gone shows that it was read.
        let limit = ContinuousClock.now + safetyNet
        while file.mappingCount > 2, ContinuousClock.now < limit { sched_yield() }
        #expect(file.mappingCount == 2)
        try peer.send(WireBytes.goodbye)
        Self.expectSocket(try survivor.value(), "the peer does not use our shared memory")
    }

    @Test func `a ring that is too large for the peer`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let small = LaneSurvivor.configuration { $0.sharedMemory?.largestPeerRing = 64 << 10 }
        let server: Background<LaneReport?> = try blockingServer(small, on: endpoint) { connection in
            var connection = connection
            guard try connection.receive(within: safetyNet, { frame, reply in try reply.send(frame.bytes) }) != nil else { return nil }
            guard try connection.receive(within: safetyNet, { _, _ in }) == nil else { return nil }
            let lane = connection.lane
            try connection.close()
            return lane
        }
        var client = try Connection(
            connectingTo: endpoint, configuration: LaneSurvivor.configuration { $0.sharedMemory?.ringSize = 128 << 10 })
        try client.sendPattern(100, seed: 1)
        #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 100, seed: 1) } == true)
        #expect(client.lane.reason == "the peer does not use our shared memory")
        #expect(client.statistics.sharedMemoryRefusals == 1 && client.statistics.sharedMemoryConnections == 0)
        try client.close()
        #expect(try server.value()?.reason.contains("has a ring of 131072 bytes, the limit is 65536") == true)
    }

    /// SO_PASSRIGHTS (Linux 6.16), which a peer without lanes turns off.
    @Test func `a peer whose socket takes no descriptors`() throws {
        let peer = try RawLane()
        var off: Int32 = 0
        guard unsafe setsockopt(peer.socket.descriptor, SOL_SOCKET, 83, &off, socklen_t(MemoryLayout<Int32>.size)) == 0 else { return }
        let survivor = LaneSurvivor.receiving(LaneSurvivor.configuration(), at: peer.descriptor)
        #expect(try peer.socket.read(exactly: Hello.encodedLength) == WireBytes.hello())
        try peer.send(WireBytes.hello() + Self.frame + WireBytes.goodbye)
        Self.expectSocket(try survivor.value(), "shared memory cannot be offered: ")
    }

    @Test func `no descriptor left for a memory file`() async {
        await #expect(processExitsWith: .success) {
            let (socket, descriptor) = RawPeer.pair()
            // No number is free below it, whatever the runtime closes meanwhile.
            setDescriptorLimit(1)
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: LaneSurvivor.configuration())
            // What follows, and the report of this test, needs some.
            setDescriptorLimit(1_000)
            require(connection.lane.reason.contains("memfd_create"), connection.lane.reason)
            require(connection.statistics.sharedMemoryRefusals == 1)
            try connection.flush()
            require(try socket.read(exactly: Hello.encodedLength) == WireBytes.hello())
            try socket.write(WireBytes.hello() + WireBytes.frame([1, 2, 3], .native))
            require(try connection.receive(within: safetyNet) { frame, _ in array(frame.bytes) } == [1, 2, 3])
        }
    }

    /// The client connects as another user.
    @Test(.enabled(if: geteuid() == 0, "only root can become somebody else"))
    func `frames of another user's process are copied before they are read`() async {
        await #expect(processExitsWith: .success) {
            let configuration = LaneSurvivor.configuration { $0.acceptPolicy = .anyone }
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            var listener = try Listener(endpoint, configuration: configuration)
            require(seteuid(65_534) == 0)
            var client = try Connection(connectingTo: endpoint, configuration: configuration)
            require(seteuid(0) == 0)
            var server = try listener.accept(within: safetyNet)
            for size in [10, 3_000] {
                try client.sendPattern(size, seed: size)
                try client.flush()
                require(
                    try server.receive(within: safetyNet) { frame, reply in
                        try reply.send(frame.bytes)
                        return Pattern.matches(frame, count: size, seed: size)
                    } == true)
                try server.flush()
                require(try client.receive(within: safetyNet) { frame, _ in frame.count } == size)
                // The answers to the offers, and the switches.
                for _ in 0..<2 {
                    try server.flush()
                    try client.flush()
                }
            }
            require(server.lane.receiving == .sharedMemory && server.lane.reason.contains("copied"), "\(server.lane)")
            require(client.lane.receiving == .sharedMemory && !client.lane.reason.contains("copied"), "\(client.lane)")
            require(server.statistics.copiedBytes >= 3_000)
        }
    }
}
