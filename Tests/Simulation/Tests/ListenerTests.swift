import RingIPC
import RingIPCTesting
import Testing

/// Listeners whose owner takes the sockets, stops them, goes on, and removes them, while accepting fails in every way.
@Suite struct ListenerTests {
    private final class Door {
        var arrived: [SocketParcel] = []
        var room = 0

        func take(_ parcel: SocketParcel, _ peer: PeerCredentials) -> Bool {
            arrived.append(parcel)
            return arrived.count < room
        }
    }

    private static let faults: [FaultKind: Double] = [
        .processDescriptorsExhausted: 0.2, .acceptOutOfMemory: 0.1, .interruptedCall: 0.1, .falseReadiness: 0.2, .delayedCompletion: 0.3,
        .reorderedCompletions: 0.3, .multishotEnded: 0.2, .requestCancelled: 0.1, .completionOverflow: 0.1, .partialSubmission: 0.2,
    ]

    @Test(arguments: [BackendChoice.epoll, .ioUring])
    func `nobody is lost, nobody comes who is not wanted, and nothing is left behind`(_ backend: BackendChoice) throws {
        for seed in 1...100 as ClosedRange<UInt64> {
            let kernel = SimulatedKernel(seed: seed, faults: FaultPlan(Self.faults))
            do { try Self.play(kernel, backend, seed) } catch { Issue.record("seed \(seed): \(error)") }
            try kernel.finish()
        }
    }

    private static func play(_ kernel: SimulatedKernel, _ backend: BackendChoice, _ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var configuration = Configuration()
        configuration.backend = backend
        configuration.format = .bytes
        configuration.listenBacklog = 100
        let loop = try ManualLoop(configuration: configuration, over: kernel)
        for round in 0..<3 {
            let endpoint = Endpoint.path("/run/\(round % 2)")
            let door = Door()
            let listener = try loop.listen(on: endpoint, configuration: configuration, take: door.take).listener
            let peers: [SimulatedPeer] = try (0..<random.number(1...20)).map { _ in try kernel.connect(to: endpoint) }
            while door.room < peers.count, random.chance(0.9) {
                door.room = min(peers.count, door.room + random.number(1...5))
                loop.resumeAccepting(listener)
                let mayStop = random.chance(0.2)
                try turn(loop, kernel) { door.arrived.count >= door.room || mayStop && random.chance(0.1) }
                if mayStop { loop.pauseAccepting(listener) }
                #expect(door.arrived.count <= door.room, "seed \(seed)")
            }
            try loop.close(listener: listener)
            #expect(throws: TransportError.self, "seed \(seed)") { let _: SimulatedPeer = try kernel.connect(to: endpoint) }
            // Who was not let in is turned away; who was, is not.
            #expect(peers.count { !$0.isAtEnd } == door.arrived.count, "seed \(seed)")
        }
    }

    private static func turn(_ loop: ManualLoop, _ kernel: SimulatedKernel, until isDone: () -> Bool) throws {
        for _ in 0..<10_000 where !isDone() {
            try loop.turn(until: 0)
            // Accepting that has failed is tried again after a while.
            kernel.pass(.milliseconds(1))
        }
        try #require(isDone())
    }
}
