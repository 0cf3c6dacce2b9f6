internal import CBenchmark
internal import RingIPC

/// Back-to-back messages in one direction: what a message costs when there are many. The receiver checks every byte of every
/// message and then confirms; the time is from the first send until the confirmation is there. Of one message in many the time of
/// its send call goes into the stamps: what the coalescing that makes a stream fast costs a message in delay.
struct Stream {
    let options: ScenarioOptions
    let stamps: Stamps

    /// A power of two, so that the test for it is a branch on some bits that nearly always goes the same way.
    private static let stride = 1024

    func runClient(_ endpoint: Endpoint) throws -> SideReport {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        try send(options.warmup, on: &connection, watchdog)
        meter.start(connection.statistics)
        try send(options.count, on: &connection, watchdog)
        let report = meter.stop(connection.statistics, messages: options.count)
        try options.backend.close(connection)
        return report
    }

    private func send(_ count: Int, on connection: inout Connection, _ watchdog: Watchdog) throws {
        for sequence in 0..<count {
            if sequence & (Self.stride - 1) == 0 {
                watchdog.note(sequence)
                stamps[sequence / Self.stride] = bench_monotonic_nanoseconds()
            }
            try connection.send(reserving: options.size) { Content.write(UInt64(sequence), to: &$0) }
        }
        try awaitConfirmation(of: count, on: &connection)
        watchdog.note(count)
    }

    func runServer(_ endpoint: Endpoint, onReady: () -> Void) throws -> SideReport {
        var connection = try acceptOne(endpoint, options.configuration, onReady: onReady)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        var delays = Latencies()
        try receive(options.warmup, on: &connection, &delays)
        delays = Latencies()
        // Before the confirmation: after it the client sends what is measured.
        meter.start(connection.statistics)
        try confirm(options.warmup, on: &connection)
        try receive(options.count, on: &connection, &delays)
        try confirm(options.count, on: &connection)
        let report = meter.stop(connection.statistics, messages: options.count)
        try options.backend.close(connection)
        return report.taking(delays)
    }

    private func receive(_ count: Int, on connection: inout Connection, _ delays: inout Latencies) throws {
        var verifier = StreamVerifier(size: options.size)
        while verifier.count < count {
            let isOpen = try connection.receiveBatch { batch, _ in
                while let frame = try batch.next() {
                    let sequence = verifier.count
                    try verifier.check(frame.bytes)
                    if sequence & (Self.stride - 1) == 0 { note(stamps.age(of: sequence / Self.stride), in: &delays) }
                }
            }
            guard isOpen else { throw BenchmarkFailure("the stream ended after \(verifier.count) of \(count) messages") }
        }
        guard verifier.count == count else { throw BenchmarkFailure("\(verifier.count) messages arrived, \(count) were sent") }
    }

    /// By itself, so that the loop over messages has the registers.
    @inline(never)
    private func note(_ delay: UInt64, in delays: inout Latencies) { delays.record(nanoseconds: delay) }
}

/// One listener for one connection.
func acceptOne(_ endpoint: Endpoint, _ configuration: Configuration, onReady: () -> Void) throws -> Connection {
    var listener = try Listener(endpoint, configuration: configuration)
    onReady()
    let connection = try listener.accept(within: .seconds(10))
    listener.close()
    return connection
}

/// The receiver of messages that nobody answers says how many were there.
func confirm(_ count: Int, on connection: inout Connection) throws {
    try connection.send(reserving: 8) { $0.storeBytes(of: Int64(count), as: Int64.self) }
    try connection.flush()
}

/// Sends what is queued and waits for ``confirm(_:on:)``.
func awaitConfirmation(of count: Int, on connection: inout Connection) throws {
    let confirmed = try connection.receive { frame, _ in
        frame.bytes.byteCount == 8 ? Int(unsafe frame.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Int64.self)) : -1
    }
    guard confirmed == count else {
        throw BenchmarkFailure("the receiver confirmed \(confirmed.map(String.init) ?? "nothing"), not \(count) messages")
    }
}
