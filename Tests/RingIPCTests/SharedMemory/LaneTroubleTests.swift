import Glibc
import Synchronization
import Testing

@testable import RingIPC

/// Peers that are within the rules, and a trouble all the same.
@Suite struct LaneTroubleTests {
    /// A thread that rings as fast as the socket takes it, until it is told to stop.
    private final class Ringer: Sendable {
        private let isOver = Atomic(false)
        private let thread: Mutex<Background<Void>?> = Mutex(nil)

        init(_ socket: RawPeer) {
            let bells = [[UInt8]](repeating: RawLane.doorbell, count: 100).flatMap { $0 }
            thread.withLock {
                $0 = Background { [self] in
                    var rest = bells[...]
                    while !isOver.load(ordering: .relaxed) {
                        if rest.isEmpty { rest = bells[...] }
                        rest = rest.dropFirst(socket.writeUntilFull(Array(rest)))
                        sched_yield()
                    }
                }
            }
        }

        func stop() throws {
            isOver.store(true, ordering: .relaxed)
            try thread.withLock { $0 }?.value()
        }
    }

    private static let frame = WireBytes.frame([1, 2, 3], .native)

    @Test(arguments: [.block, .spin] as [WaitStrategy])
    func `a flood of doorbells costs no frame`(_ wait: WaitStrategy) throws {
        let peer = try RawLane()
        let survivor = LaneSurvivor.receiving(LaneSurvivor.configuration(wait), at: peer.descriptor)
        try peer.agree()
        let ringer = Ringer(peer.socket)
        for _ in 0..<200 {
            peer.put(Self.frame)
            peer.publish()
        }
        peer.put(WireBytes.goodbye)
        peer.publish()
        let outcome = try survivor.value()
        try ringer.stop()
        #expect(outcome.error == nil && outcome.frames == [[UInt8]](repeating: [1, 2, 3], count: 200))
    }

    @Test(arguments: [.block, .spin] as [WaitStrategy])
    func `a flood of doorbells keeps no receive from its time, nor a frame`(_ wait: WaitStrategy) throws {
        for isFrameBegun in [false, true] {
            let peer = try RawLane()
            let descriptor = peer.descriptor
            let survivor = Background {
                let configuration = LaneSurvivor.configuration(wait) { $0.frameTimeout = .milliseconds(isFrameBegun ? 20 : 30_000) }
                var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)
                guard try connection.receive(within: safetyNet, { frame, _ in array(frame.bytes) }) == [1, 2, 3] else { return "no frame" }
                do {
                    _ = try connection.receive(within: isFrameBegun ? safetyNet : .milliseconds(20)) { _, _ in 1 }
                } catch let error as TransportError { return "\(error.code): \(error)" }
                return "a second frame"
            }
            try peer.agree()
            let ringer = Ringer(peer.socket)
            if isFrameBegun { peer.put(Self.frame + RawLane.header(6, length: 8) + RawLane.header(0, length: 100)) } else { peer.put(Self.frame) }
            peer.publish()
            let seen = try survivor.value()
            try ringer.stop()
            #expect(seen.contains("timedOut") && seen.contains(isFrameBegun ? "did not end within" : "no frame came"), "\(seen)")
        }
    }

    @Test func `a sleeping word that always changes costs no frame, though the socket is full of doorbells`() throws {
        let peer = try RawLane()
        let survivor = LaneSurvivor.receiving(LaneSurvivor.configuration(), at: peer.descriptor, answers: true)
        try peer.agree()
        var random = SeededRandom(seed: 3)
        for index in 0..<2_000 {
            peer.set(.sleeping, random.next() | 3)
            peer.say(WireBytes.frame([UInt8(index & 0xFF)], .native))
            #expect(try peer.take() == [UInt8(index & 0xFF)])
            peer.giveBack()
        }
        peer.say(WireBytes.goodbye)
        let outcome = try survivor.value()
        #expect(outcome.error == nil && outcome.frames.count == 2_000)
    }

    @Test(arguments: [false, true])
    func `a doorbell in pieces behind the switch is one doorbell`(_ copies: Bool) throws {
        let peer = try RawLane()
        let survivor = LaneSurvivor.receiving(LaneSurvivor.configuration(copies: copies), at: peer.descriptor)
        try peer.meet()
        try peer.greet()
        try peer.expectAccepted()
        try peer.send(RawLane.accepted)
        try peer.expect(RawLane.laneSwitch)
        try peer.send(RawLane.laneSwitch + RawLane.doorbell + RawLane.doorbell.prefix(3))
        try peer.awaitSleep(.data)
        try peer.send(Array(RawLane.doorbell.dropFirst(3)))
        peer.say(Self.frame)
        peer.say(WireBytes.goodbye)
        let outcome = try survivor.value()
        #expect(outcome.error == nil && outcome.frames == [[1, 2, 3]], "\(outcome)")
    }

    // MARK: Room

    /// A side that has nothing to send does not insist on room for more.
    @Test(arguments: [.block, .spin] as [WaitStrategy])
    func `a peer that has answered and waits for its answer to be read stops no send`(_ wait: WaitStrategy) throws {
        let peer = try RawLane()
        let descriptor = peer.descriptor
        let survivor = Background {
            let configuration = LaneSurvivor.configuration(wait) { $0.coalescing = .everyFrame }
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)
            guard try connection.receive(within: safetyNet, { frame, _ in array(frame.bytes) }) == [1, 2, 3] else { return false }
            for _ in 0..<3 { try connection.sendPattern(1_000, seed: 0) }
            return try connection.receive(within: safetyNet) { frame, _ in array(frame.bytes) } == [4]
        }
        try peer.agree()
        peer.say(Self.frame)
        try peer.awaitFull(1_100)
        peer.say(WireBytes.frame([4], .native))
        #expect(try survivor.value())
    }

    /// Both rings are full. The survivor goes on reading, so that the peer can go on writing, whether it has read by then or not.
    @Test func `who waits for room for answers takes questions meanwhile`() throws {
        let peer = try RawLane()
        let survivor = LaneSurvivor.receiving(LaneSurvivor.configuration(), at: peer.descriptor, answers: true)
        try peer.agree()
        let questions = (0..<12).map { Pattern.bytes(1_000, seed: $0) }
        for (index, question) in questions.enumerated() {
            // Room for this one, and what the reader may keep back.
            try peer.expectRead(UInt64(max(0, (index + 1) * 1_008 - RawLane.ringSize)))
            peer.say(WireBytes.frame(question, .native))
        }
        try peer.expectRead(11 * 1_008)
        for question in questions {
            #expect(try peer.take() == question)
            peer.giveBack()
            peer.ring()
        }
        peer.say(WireBytes.goodbye)
        #expect(try survivor.value().frames == questions)
    }

    @Test(arguments: [.block, .spin, .adaptive] as [WaitStrategy])
    func `two sides that both send a long frame at once both get one`(_ wait: WaitStrategy) throws {
        for copies in [false, true] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let configuration = LaneSurvivor.configuration(wait, copies: copies)
            let talk: @Sendable (consuming Connection) throws -> Bool = { connection in
                var connection = connection
                // Short ones first, with which the lane comes. Payloads from 32 KiB on are sent from the caller's memory.
                for _ in 0..<3 {
                    try connection.sendPattern(3, seed: 3)
                    guard try connection.receive(within: safetyNet, { frame, _ in frame.count }) == 3 else { return false }
                }
                for size in [20_000, 60_000] {
                    try connection.sendPattern(size, seed: size)
                    let isSame = try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: size, seed: size) }
                    guard isSame == true else { return false }
                }
                guard connection.lane.sending == .sharedMemory, connection.lane.receiving == .sharedMemory else { return false }
                try connection.close()
                return true
            }
            let server = try blockingServer(configuration, on: endpoint, talk)
            let client = Background { try talk(try Connection(connectingTo: endpoint, configuration: configuration)) }
            #expect(try client.value())
            #expect(try server.value())
        }
    }

    /// A side that spins stores to the cache lines of its next frame before there is one.
    @Test(arguments: [.block, .spin, .adaptive] as [WaitStrategy])
    func `frames that wait to be read stay as they are while the next one is prepared`(_ wait: WaitStrategy) throws {
        let peer = try RawLane()
        let descriptor = peer.descriptor
        let lengths = [1_000, 1_000, 1_000, 1_000, 8]
        let survivor = Background {
            let configuration = LaneSurvivor.configuration(wait)
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)
            for length in lengths {
                guard try connection.receive({ frame, _ in frame.count }) == 3 else { return false }
                try connection.sendPattern(length, seed: length)
            }
            return try connection.receive { frame, _ in frame.count } == nil
        }
        try peer.agree()
        for count in 1...lengths.count {
            peer.say(Self.frame)
            try peer.expectWritten(UInt64(lengths[..<count].reduce(0) { $0 + $1 + 8 }))
        }
        for length in lengths { #expect(try peer.take() == Pattern.bytes(length, seed: length)) }
        peer.say(WireBytes.goodbye)
        #expect(try survivor.value())
    }

    /// Where a side looks for the next frame depends on the length of the last one: each length comes behind each other one.
    @Test(arguments: [.block, .spin, .adaptive] as [WaitStrategy])
    func `whatever length a frame has, the next one is found behind it`(_ wait: WaitStrategy) throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let configuration = LaneSurvivor.configuration(wait)
        let server = try blockingServer(configuration, on: endpoint) { connection in
            var connection = connection
            while try connection.receive({ frame, reply in try reply.send(frame.bytes) }) != nil {}
            try connection.close()
        }
        let lengths = [0, 1, 64, 503, 504, 505, 4_087, 4_088, 5_000, 20_000]
        let client = Background {
            var client = try Connection(connectingTo: endpoint, configuration: configuration)
            for length in lengths.flatMap({ first in lengths.flatMap { [first, $0] } }) {
                try client.sendPattern(length, seed: length)
                let isSame = try client.receive { frame, _ in Pattern.matches(frame, count: length, seed: length) }
                guard isSame == true else { return false }
            }
            try client.close()
            return true
        }
        #expect(try client.value())
        try server.value()
    }

    /// The pieces are cut to the sender's ring, not to what the receiver has.
    @Test func `pieces that are longer than the ring into which they are copied`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let configuration = LaneSurvivor.configuration(copies: true) {
            $0.sharedMemory?.ringSize = 256 << 10
            $0.receiveRingSize = 8_192
        }
        let server = try blockingServer(configuration, on: endpoint) { connection in
            var connection = connection
            while try connection.receive(within: safetyNet, { frame, reply in try reply.send(frame.bytes) }) != nil {}
            try connection.close()
        }
        var client = try Connection(connectingTo: endpoint, configuration: configuration)
        for size in [5, 20_000, 1_000_000, 7, 300_000] {
            try client.sendPattern(size, seed: size)
            #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: size, seed: size) } == true)
        }
        try client.close()
        try server.value()
    }

    // MARK: Ends

    @Test func `who has said goodbye before the peer's hello says nothing behind it, and reads on by the socket`() throws {
        let peer = try RawLane()
        let descriptor = peer.descriptor
        let survivor = Background {
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: LaneSurvivor.configuration())
            try connection.sendPattern(8, seed: 8)
            try connection.finishSending()
            var frames: [[UInt8]] = []
            while let frame = try connection.receive(within: safetyNet, { frame, _ in array(frame.bytes) }) { frames.append(frame) }
            let lane = connection.lane
            try connection.close()
            return (frames, lane.reason)
        }
        try peer.meet()
        let said = WireBytes.frame(Pattern.bytes(8, seed: 8), .native) + WireBytes.goodbye
        try peer.expect(said)
        try peer.greet()
        try peer.send(RawLane.accepted + Self.frame + WireBytes.goodbye)
        let (frames, reason) = try survivor.value()
        #expect(frames == [[1, 2, 3]] && reason.contains("ended its direction"), "\(reason)")
        #expect(try peer.socket.readToEnd() == [])
    }

    /// Its direction ends on the socket, while the peer goes over to its ring, and needs doorbells for that.
    @Test func `who has said goodbye on the socket still rings`() throws {
        let peer = try RawLane()
        let descriptor = peer.descriptor
        let survivor = Background {
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: LaneSurvivor.configuration())
            guard try connection.receive(within: safetyNet, { _, _ in 1 }) != nil else { return 0 }
            try connection.finishSending()
            var count = 0
            while try connection.receive(within: safetyNet, { _, _ in 1 }) != nil { count += 1 }
            try connection.close()
            return count
        }
        try peer.meet()
        try peer.greet()
        try peer.send(Self.frame)
        try peer.expectAccepted()
        try peer.expect(WireBytes.goodbye)
        try peer.send(RawLane.accepted + RawLane.laneSwitch)
        for _ in 0..<3 { peer.put(WireBytes.frame([UInt8](repeating: 1, count: 1_000), .native)) }
        peer.set(.sleeping, 4 | 2)
        peer.publish()
        peer.ring()
        // It has given room back.
        try peer.expect(RawLane.doorbell)
        try peer.expectRead(512)
        peer.say(WireBytes.goodbye)
        #expect(try survivor.value() == 3)
    }

    @Test func `a doorbell behind a goodbye on the socket is no data behind the end`() throws {
        let peer = try RawLane()
        let descriptor = peer.descriptor
        let survivor = Background {
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: LaneSurvivor.configuration())
            var count = 0
            while try connection.receive(within: safetyNet, { _, _ in 1 }) != nil { count += 1 }
            let lane = connection.lane
            for _ in 0..<8 { try connection.sendPattern(1_000, seed: 0) }
            try connection.flush(within: safetyNet)
            try connection.close()
            return (count, lane.sending, lane.receiving)
        }
        try peer.meet()
        try peer.greet()
        try peer.expectAccepted()
        try peer.send(RawLane.accepted)
        try peer.expect(RawLane.laneSwitch)
        try peer.send(Self.frame + WireBytes.goodbye + RawLane.doorbell + RawLane.doorbell)
        for _ in 0..<8 {
            #expect(try peer.take().count == 1_000)
            peer.giveBack()
            peer.ring()
        }
        #expect(try survivor.value() == (1, .sharedMemory, .socket))
    }
}
