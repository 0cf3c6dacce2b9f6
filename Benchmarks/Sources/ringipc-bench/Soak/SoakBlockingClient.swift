internal import CBenchmark
internal import RingIPC

/// One blocking connection after another, until it is told to end.
struct SoakBlockingClient {
    let process: UInt64
    let seed: UInt64
    let configuration: Configuration
    let ledger: LedgerFile

    /// Longer than any deadline of the server: an answer that takes this long does not come.
    private static let patience = Duration.seconds(60)
    /// Before a server that was killed is asked for again.
    private static let pause: UInt64 = 5_000_000

    func run(_ endpoint: Endpoint) throws {
        var connection: UInt64 = 0
        while !bench_end_requested() {
            var sender = SoakSender(identity: SoakIdentity.make(process: process, connection: connection), seed: seed)
            var reason = LedgerLine.finished
            do {
                try talk(endpoint, &sender)
            } catch let error as TransportError {
                let isDown = sender.sent == 0 && (error.code == .notFound || error.code == .connectionRefused)
                reason = "\(error.code)"
                guard isDown || LedgerAudit.deaths.contains(reason) else {
                    throw BenchmarkFailure("connection \(sender.identity): \(error)")
                }
                bench_sleep_until(bench_monotonic_nanoseconds() + Self.pause)
            }
            if sender.sent > 0 { ledger.append(sender.line(reason)) }
            connection += 1
        }
    }

    private func talk(_ endpoint: Endpoint, _ sender: inout SoakSender) throws {
        var connection = try Connection(connectingTo: endpoint, configuration: configuration)
        while true {
            while !bench_end_requested(), let size = sender.nextSize {
                let (identity, sequence) = (sender.identity, sender.sent)
                // Counted first: a part of it may arrive also when this throws.
                sender.noteSent(size)
                try connection.send(reserving: size) { SoakFrame.write(identity: identity, sequence: sequence, to: &$0) }
            }
            if sender.isAnswered { break }
            let isThere: Void? = try connection.receive(within: Self.patience) { frame, _ in try sender.check(frame.bytes) }
            guard isThere != nil else {
                throw BenchmarkFailure("connection \(sender.identity): the server ended before its last answers")
            }
        }
        try connection.close()
    }
}
