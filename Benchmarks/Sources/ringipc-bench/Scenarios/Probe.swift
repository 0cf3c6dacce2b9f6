internal import CBenchmark
internal import RingIPC

/// Round trips to a server that serves others too, at a steady pace. Each time counts from the moment at which its message was due: while
/// an answer is late, the messages that should have left meanwhile are late as well, and no stall hides behind the one message that met it.
struct Probe {
    let options: ScenarioOptions
    let intervalNanoseconds: UInt64

    struct Outcome {
        let count: Int
        let seconds: Double
        let times: RoundTripTimes?
    }

    /// Until the time is over or the end is requested.
    func run(_ endpoint: Endpoint, seconds: Double, onReady: () -> Void) throws -> Outcome {
        bench_catch_end_signals()
        bench_sleep_precisely()
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        let client = Pingpong(options: options)
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        for sequence in 0..<options.warmup { try client.roundTrip(sequence, on: &connection) }
        onReady()
        var latencies = Latencies()
        var sequence = options.warmup
        let start = bench_monotonic_nanoseconds()
        let end = start + UInt64(seconds * 1e9)
        var due = start
        while due < end, !bench_end_requested() {
            bench_sleep_until(due)
            try client.roundTrip(sequence, on: &connection)
            latencies.record(nanoseconds: bench_monotonic_nanoseconds() - due)
            sequence += 1
            watchdog.note(sequence)
            due += intervalNanoseconds
        }
        let elapsed = Double(bench_monotonic_nanoseconds() - start) / 1e9
        try options.backend.close(connection)
        return Outcome(count: sequence - options.warmup, seconds: elapsed, times: latencies.summary)
    }
}
