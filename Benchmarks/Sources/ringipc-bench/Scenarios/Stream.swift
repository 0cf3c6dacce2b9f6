internal import CBenchmark
internal import RingIPC

/// Back-to-back messages in one direction: what a message costs when there are many. The receiver checks every byte of every
/// message and then confirms; the time is from the first send until the confirmation is there.
struct Stream {
    let options: ScenarioOptions

    struct Outcome {
        let seconds: Double
        let report: SideReport
    }

    func runClient(_ endpoint: Endpoint) throws -> Outcome {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        try send(options.warmup, on: &connection, watchdog)
        meter.start(connection.statistics)
        let start = bench_monotonic_nanoseconds()
        try send(options.count, on: &connection, watchdog)
        let nanoseconds = bench_monotonic_nanoseconds() - start
        let report = meter.stop(connection.statistics, messages: options.count)
        try connection.close()
        return Outcome(seconds: Double(nanoseconds) / 1e9, report: report)
    }

    private func send(_ count: Int, on connection: inout Connection, _ watchdog: Watchdog) throws {
        for sequence in 0..<count {
            try connection.send(reserving: options.size) { Content.write(UInt64(sequence), to: &$0) }
            watchdog.note(sequence)
        }
        let confirmed = try connection.receive { frame, _ in
            frame.bytes.byteCount == 8 ? Int(unsafe frame.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Int64.self)) : -1
        }
        guard confirmed == count else {
            throw BenchmarkFailure("the receiver confirmed \(confirmed.map(String.init) ?? "nothing"), not \(count) messages")
        }
        watchdog.note(count)
    }

    func runServer(_ endpoint: Endpoint, onReady: () -> Void) throws -> SideReport {
        var connection = try acceptOne(endpoint, options.configuration, onReady: onReady)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        try receive(options.warmup, on: &connection)
        meter.start(connection.statistics)
        try receive(options.count, on: &connection)
        let report = meter.stop(connection.statistics, messages: options.count)
        try connection.close()
        return report
    }

    private func receive(_ count: Int, on connection: inout Connection) throws {
        var verifier = StreamVerifier(size: options.size)
        while verifier.count < count {
            let isOpen = try connection.receiveBatch { batch, _ in
                while let frame = try batch.next() { try verifier.check(frame.bytes) }
            }
            guard isOpen else { throw BenchmarkFailure("the stream ended after \(verifier.count) of \(count) messages") }
        }
        guard verifier.count == count else { throw BenchmarkFailure("\(verifier.count) messages arrived, \(count) were sent") }
        try connection.send(reserving: 8) { confirmation in
            confirmation.storeBytes(of: Int64(count), as: Int64.self)
        }
        try connection.flush()
    }
}

/// One listener for one connection.
func acceptOne(_ endpoint: Endpoint, _ configuration: Configuration, onReady: () -> Void) throws -> Connection {
    var listener = try Listener(endpoint, configuration: configuration)
    onReady()
    let connection = try listener.accept(within: .seconds(10))
    listener.close()
    return connection
}
