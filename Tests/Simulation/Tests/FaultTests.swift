import RingIPC
import RingIPCTesting
import Testing

/// Each kind of fault alone: it happens, it is counted, and the library takes it.
@Suite struct FaultTests {
    private static let seed: UInt64 = 7
    /// What only a ring has.
    private static let ringOnly: Set<FaultKind> = [
        .bufferShortage, .multishotEnded, .requestCancelled, .completionOverflow, .partialSubmission,
    ]
    /// What a peer that a test plays does: counted by who plays it.
    private static let played: Set<FaultKind> = [.halfClose, .neverReads]

    struct Case: CustomTestStringConvertible, Sendable {
        let kind: FaultKind
        let backend: BackendChoice
        var testDescription: String { "\(kind.rawValue) on \(backend)" }
    }

    private static let all = FaultKind.allCases.flatMap { kind in
        (ringOnly.contains(kind) ? [.ioUring] : [.epoll, .ioUring]).map { Case(kind: kind, backend: $0) }
    }

    @Test(arguments: all)
    func `a fault that is listed happens, is counted, and does no harm`(_ subject: Case) throws {
        let kind = subject.kind
        let kernel = SimulatedKernel(seed: Self.seed, faults: Self.played.contains(kind) ? .none : FaultPlan([kind: 0.5]))
        // What does not fit is an overflow: this kind is not drawn.
        if kind == .completionOverflow { kernel.limits.completionEntries = 2 }
        let scene = try EchoScene(kernel, on: subject.backend)
        if Self.played.contains(kind) { try play(kind, in: scene) }
        scene.startClients()
        for _ in 0..<3_000 where !scene.isDone && kernel.violations.isEmpty { kernel.step() }
        #expect(kernel.faultCounts[kind, default: 0] > 0, "seed \(Self.seed)")
        #expect(kernel.faultCounts.keys.allSatisfy { $0 == kind }, "others happened as well: \(kernel.faultCounts)")
        kernel.stopFaults()
        try kernel.run(steps: 100_000) { scene.isDone }
        let mayFail = kind.endsConnection || kind == .handlerThrows
        #expect(mayFail ? scene.failures != (0, 0) : scene.isComplete, "\(scene.answerCount) answers, failures: \(scene.failures)")
        try scene.finish()
    }

    /// One peer among the clients that does not behave like a loop.
    private func play(_ kind: FaultKind, in scene: EchoScene) throws {
        let kernel = scene.kernel
        let peer: SimulatedPeer = try kernel.connect(to: EchoScene.endpoint)
        var question: [UInt8] = [3, 0, 0, 0, 1, 2, 3]
        if kind == .neverReads { question = Array(repeatElement(question, count: 500).joined()) }
        var rest = question[...]
        while !rest.isEmpty {
            rest = rest.dropFirst(try #require(peer.write(rest)))
            for _ in 0..<50 { kernel.step(within: .zero) }
        }
        kernel.note(kind)
        switch kind {
        case .halfClose:
            peer.finishWriting()
            try kernel.run(steps: 10_000) { peer.isAtEnd }
            #expect(peer.read(100) == question)
            #expect(scene.finishedCount == 1)
        default:
            #expect(peer.readableCount > 0 && !peer.isAtEnd)
            peer.close()
        }
    }

    @Test func `a kind that is not listed does not happen`() throws {
        for backend in [.epoll, .ioUring] as [BackendChoice] {
            let kernel = SimulatedKernel(seed: Self.seed)
            let scene = try EchoScene(kernel, on: backend)
            scene.startClients()
            try kernel.run(steps: 10_000) { scene.isDone }
            #expect(kernel.faultCounts.isEmpty)
            #expect(scene.isComplete)
            try scene.finish()
        }
    }

    @Test func `connections to other endpoints than the endangered ones come through whole`() throws {
        let faults = FaultPlan([.connectionReset: 1, .brokenPipe: 1, .connectionAborted: 1], endangering: [.path("/run/other")])
        for backend in [.epoll, .ioUring] as [BackendChoice] {
            let kernel = SimulatedKernel(seed: Self.seed, faults: faults)
            let scene = try EchoScene(kernel, on: backend)
            scene.startClients()
            try kernel.run(steps: 10_000) { scene.isDone }
            #expect(kernel.faultCounts.isEmpty)
            #expect(scene.isComplete)
            try scene.finish()
        }
    }

    @Test func `plans are drawn differently, and every kind is in some of them and not in others`() {
        var random = SeededRandom(seed: Self.seed)
        let plans = (0..<200).map { _ in FaultPlan.drawn(using: &random) }
        for kind in FaultKind.allCases {
            let share = plans.count { $0.probabilities[kind] != nil }
            #expect((60...140).contains(share), "\(kind.rawValue) is in \(share) of 200 plans")
        }
    }
}
