internal import CBenchmark
internal import RingIPC

/// Messages back to back and then nothing, again and again: how long it takes from just before the first one is produced until the
/// server has handled the last one. Between two bursts it is quiet long enough for a receiver that blocks to be asleep.
/// ``ScenarioOptions/count`` and the warm-up count bursts.
struct Burst {
    let options: ScenarioOptions
    let messages: Int
    let stamps: Stamps

    private static let quietNanoseconds: UInt64 = 200_000

    func runClient(_ endpoint: Endpoint) throws -> SideReport {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        bench_sleep_precisely()
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        for burst in 0..<options.warmup { try send(burst, on: &connection, watchdog) }
        meter.start(connection.statistics)
        for burst in options.warmup..<options.warmup + options.count { try send(burst, on: &connection, watchdog) }
        let report = meter.stop(connection.statistics, messages: options.count * messages)
        try options.backend.close(connection)
        return report
    }

    private func send(_ burst: Int, on connection: inout Connection, _ watchdog: Watchdog) throws {
        stamps[burst] = bench_monotonic_nanoseconds()
        for sequence in 0..<messages {
            try connection.send(reserving: options.size) { Content.write(UInt64(sequence), to: &$0) }
        }
        try awaitConfirmation(of: messages, on: &connection)
        watchdog.note(burst + 1)
        bench_sleep_until(bench_monotonic_nanoseconds() + Self.quietNanoseconds)
    }

    func runServer(_ endpoint: Endpoint, onReady: () -> Void) throws -> SideReport {
        var connection = try acceptOne(endpoint, options.configuration, onReady: onReady)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        var times = Latencies()
        for _ in 0..<options.warmup {
            try receive(on: &connection)
            try confirm(messages, on: &connection)
        }
        meter.start(connection.statistics)
        for burst in options.warmup..<options.warmup + options.count {
            try receive(on: &connection)
            times.record(nanoseconds: stamps.age(of: burst))
            try confirm(messages, on: &connection)
        }
        let report = meter.stop(connection.statistics, messages: options.count * messages)
        try options.backend.close(connection)
        return report.taking(times)
    }

    private func receive(on connection: inout Connection) throws {
        var verifier = StreamVerifier(size: options.size)
        while verifier.count < messages {
            let isOpen = try connection.receiveBatch { batch, _ in
                while let frame = try batch.next() { try verifier.check(frame.bytes) }
            }
            guard isOpen else { throw BenchmarkFailure("the stream ended after \(verifier.count) of \(messages) messages of a burst") }
        }
        guard verifier.count == messages else {
            throw BenchmarkFailure("\(verifier.count) messages arrived, a burst has \(messages)")
        }
    }
}
