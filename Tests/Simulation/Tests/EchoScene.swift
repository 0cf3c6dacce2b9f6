import RingIPC
import RingIPCTesting

/// A server that sends back what it gets, and clients that ask it: the same code for every fault, small enough to be looked through.
///
/// Sendable only because handlers are: a scene belongs to one thread.
final class EchoScene: @unchecked Sendable {
    static let endpoint = Endpoint.path("/run/echo")
    static let clientCount = 4
    static let frameCount = 8

    let kernel: SimulatedKernel
    private(set) var loops: [EventLoop] = []
    /// Frames that came back, whole.
    var answerCount = 0
    var closedCount = 0
    /// Connections that failed, at the clients and at the server.
    var failures = (client: 0, server: 0)
    /// Ends in order that the server was told.
    var finishedCount = 0

    init(_ kernel: SimulatedKernel, on backend: BackendChoice) throws {
        self.kernel = kernel
        var configuration = Configuration()
        configuration.backend = backend
        // No hello: a peer that a test plays has little to say.
        configuration.format = .lengthPrefixed(.little)
        for _ in 0..<2 { loops.append(try kernel.makeLoop(configuration)) }
        try loops[0].listen(on: Self.endpoint) { _ in EchoServer(scene: self) }
    }

    func startClients() {
        for _ in 0..<Self.clientCount { loops[1].connect(to: Self.endpoint, handler: EchoClient(scene: self)) }
    }

    var isDone: Bool { closedCount == Self.clientCount }
    /// Whether every frame has come back.
    var isComplete: Bool { answerCount == Self.clientCount * Self.frameCount && failures.client == 0 }

    static func payload(_ index: Int) -> [UInt8] { [UInt8](repeating: UInt8(index + 1), count: 100 + 200 * index) }

    /// Ends everything in order; throws what was broken.
    func finish() throws {
        kernel.stopFaults()
        try kernel.run(steps: 100_000) { kernel.openConnections == 0 && !kernel.hasWaitingClients }
        for loop in loops { loop.stop() }
        try kernel.run(steps: 10_000)
        try kernel.finish()
    }
}

struct Thrown: Error {}

struct EchoServer: ConnectionHandler {
    let scene: EchoScene

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        if scene.kernel.occurs(.slowHandler) { scene.kernel.pass(.milliseconds(5)) }
        while let frame = try frames.next() {
            if scene.kernel.occurs(.handlerThrows) { throw Thrown() }
            try reply.send(frame.bytes)
        }
    }

    mutating func finished(_ outbound: inout Outbound) {
        scene.finishedCount += 1
        outbound.close()
    }

    mutating func closed(_ reason: CloseReason) {
        if case .failed = reason { scene.failures.server += 1 }
    }
}

/// Asks for one frame after the other, and closes when the last has come back.
struct EchoClient: ConnectionHandler, Sendable {
    let scene: EchoScene
    private var answered = 0

    init(scene: EchoScene) { self.scene = scene }

    mutating func opened(_ outbound: inout Outbound) { ask(&outbound) }

    private func ask(_ outbound: inout Outbound) {
        let payload = EchoScene.payload(answered)
        do { unsafe try outbound.send(payload.span.bytes) } catch { scene.kernel.report(.bounds, "a question found no room: \(error)") }
    }

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() {
            let bytes = unsafe frame.bytes.withUnsafeBytes { unsafe Array($0) }
            if bytes != EchoScene.payload(answered) { scene.kernel.report(.delivery, "answer \(answered) is not the question") }
            answered += 1
            scene.answerCount += 1
            if answered < EchoScene.frameCount { ask(&reply) } else { reply.close() }
        }
    }

    mutating func closed(_ reason: CloseReason) {
        scene.closedCount += 1
        if case .failed = reason { scene.failures.client += 1 }
    }
}

/// Takes everything, says nothing.
struct Silent: ConnectionHandler {
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws { while try frames.next() != nil {} }
}
