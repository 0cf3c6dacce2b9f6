internal import CBenchmark
internal import RingIPC
internal import Synchronization

/// Many connections on one event loop, each followed by another, until it is told to end.
final class SoakLoopClient: Sendable {
    private struct State {
        var nextConnection: UInt64 = 0
        var open = 0
        var failure: BenchmarkFailure?
    }

    private let process: UInt64
    private let seed: UInt64
    private let endpoint: Endpoint
    private let connections: Int
    private let ledger: LedgerFile
    private let loop: EventLoop
    private let state = Mutex(State())

    /// Before a server that was killed is asked for again.
    private static let pause = Duration.milliseconds(5)

    init(_ endpoint: Endpoint, process: UInt64, connections: Int, seed: UInt64, configuration: Configuration, ledger: LedgerFile) throws {
        self.process = process
        self.seed = seed
        self.endpoint = endpoint
        self.connections = connections
        self.ledger = ledger
        loop = try EventLoop(configuration: configuration)
    }

    func run() throws {
        state.withLock { $0.open = connections }
        for _ in 0..<connections { connect() }
        try loop.run()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func connect() {
        let number = state.withLock { state in
            state.nextConnection += 1
            return state.nextConnection
        }
        let sender = SoakSender(identity: SoakIdentity.make(process: process, connection: number), seed: seed)
        loop.connect(to: endpoint, handler: Handler(client: self, sender: sender))
    }

    private func ended(_ sender: SoakSender, _ reason: CloseReason) {
        if sender.sent > 0 { ledger.append(sender.line(reason.word)) }
        switch reason {
        case .finished: goOn(after: .zero)
        case .failed(let error):
            let isDown = sender.sent == 0 && (error.code == .notFound || error.code == .connectionRefused)
            guard isDown || LedgerAudit.deaths.contains(reason.word) else {
                return fail(BenchmarkFailure("connection \(sender.identity): \(error)"))
            }
            goOn(after: Self.pause)
        }
    }

    private func goOn(after pause: Duration) {
        loop.post { context in
            context.schedule(after: pause) { _ in
                guard bench_end_requested() else { return self.connect() }
                let isLast = self.state.withLock { state in
                    state.open -= 1
                    return state.open == 0
                }
                if isLast { self.loop.stop() }
            }
        }
    }

    private func fail(_ error: BenchmarkFailure) {
        state.withLock { $0.failure = $0.failure ?? error }
        loop.stop()
    }

    private struct Handler: ConnectionHandler, Sendable {
        let client: SoakLoopClient
        var sender: SoakSender

        mutating func opened(_ outbound: inout Outbound) {
            do { try fill(&outbound) } catch { client.fail(BenchmarkFailure("connection \(sender.identity): \(error)")) }
        }

        mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
            while let frame = try frames.next() {
                do { try sender.check(frame.bytes) } catch {
                    client.fail(error)
                    throw error
                }
            }
            // Of a server that was killed, echoes may still arrive when nothing can be sent any more: the error ends the connection.
            try fill(&reply)
        }

        mutating func closed(_ reason: CloseReason) { client.ended(sender, reason) }

        private mutating func fill(_ outbound: inout Outbound) throws(TransportError) {
            while !bench_end_requested(), let size = sender.nextSize {
                let (identity, sequence) = (sender.identity, sender.sent)
                try outbound.send(reserving: size) { SoakFrame.write(identity: identity, sequence: sequence, to: &$0) }
                sender.noteSent(size)
            }
            if sender.isAnswered { outbound.close() }
        }
    }
}
