internal import CBenchmark
internal import RingIPC
internal import Synchronization

/// An echo server that checks every frame and writes down each connection that ends.
final class SoakServer: Sendable {
    private let loop: EventLoop
    private let ledger: LedgerFile
    private let failure = Mutex<BenchmarkFailure?>(nil)
    private let longestAnswer = FrameFormat.native.encodedLength(ofPayload: SoakFrame.longest)

    init(backend: MeasuredBackend, ledger: LedgerFile) throws {
        loop = try EventLoop(configuration: SoakSettings.configuration(backend: backend))
        self.ledger = ledger
    }

    func run(_ endpoint: Endpoint, onReady: () -> Void) throws {
        bench_catch_end_signals()
        try listen(endpoint)
        loop.post { Self.endOnSignal(self.loop, &$0) }
        onReady()
        try loop.run()
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// The kernel takes a ring apart after its process is gone: for a moment the name of a killed server is still taken.
    private func listen(_ endpoint: Endpoint) throws {
        let deadline = Deadline(seconds: 20)
        while !deadline.isPassed {
            do {
                try loop.listen(on: endpoint) { _ in Handler(server: self) }
                return
            } catch {
                guard error.code == .addressInUse else { throw error }
            }
            bench_sleep_until(bench_monotonic_nanoseconds() + 1_000_000)
        }
        throw BenchmarkFailure("\(endpoint) is still taken, 20 seconds after its server was killed")
    }

    private static func endOnSignal(_ loop: EventLoop, _ context: inout LoopContext) {
        if bench_end_requested() { return context.stop() }
        context.schedule(after: .milliseconds(20)) { endOnSignal(loop, &$0) }
    }

    private func fail(_ error: BenchmarkFailure) {
        failure.withLock { $0 = $0 ?? error }
        loop.stop()
    }

    private struct Handler: ConnectionHandler {
        let server: SoakServer
        private var verifier = SoakVerifier()

        init(server: SoakServer) { self.server = server }

        mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
            while reply.availableBytes >= server.longestAnswer, let frame = try frames.next() {
                do { try verifier.check(frame.bytes) } catch {
                    server.fail(error)
                    throw error
                }
                try reply.send(frame.bytes)
            }
        }

        mutating func closed(_ reason: CloseReason) {
            // One that sent nothing has no name, and its client does not write it down either.
            guard let identity = verifier.identity else { return }
            server.ledger.append(
                LedgerLine(side: .server, identity: identity, frames: verifier.count, echoes: verifier.count, reason: reason.word))
        }
    }
}
