internal import CBenchmark
internal import RingIPC

/// Round trips, one message in flight: what a request costs.
struct Pingpong {
    let options: ScenarioOptions

    struct Outcome {
        let seconds: Double
        let times: RoundTripTimes
        let report: SideReport
    }

    func runClient(_ endpoint: Endpoint) throws -> Outcome {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        for sequence in 0..<options.warmup {
            try roundTrip(sequence, on: &connection)
            watchdog.note(sequence)
        }
        var latencies = Latencies()
        meter.start(connection.statistics)
        let start = bench_monotonic_nanoseconds()
        var last = start
        for sequence in options.warmup..<options.warmup + options.count {
            try roundTrip(sequence, on: &connection)
            // From answer to answer: producing and verifying a message is part of its time, in the C programs too.
            let now = bench_monotonic_nanoseconds()
            latencies.record(nanoseconds: now - last)
            last = now
            watchdog.note(sequence)
        }
        let report = meter.stop(connection.statistics, messages: options.count)
        try connection.close()
        return Outcome(seconds: Double(last - start) / 1e9, times: latencies.summary, report: report)
    }

    @inline(__always)
    func roundTrip(_ sequence: Int, on connection: inout Connection) throws {
        let number = UInt64(sequence)
        try connection.send(reserving: options.size) { Content.write(number, to: &$0) }
        let isAnswered: Void? = try connection.receive { frame, _ in try verify(frame.bytes, sequence) }
        guard isAnswered != nil else {
            throw BenchmarkFailure("the server ended the stream before its answer to message \(sequence)")
        }
    }

    func runServer(_ endpoint: Endpoint, onReady: () -> Void) throws -> SideReport {
        var connection = try acceptOne(endpoint, options.configuration, onReady: onReady)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        for sequence in 0..<options.warmup { try answer(sequence, on: &connection) }
        meter.start(connection.statistics)
        for sequence in options.warmup..<options.warmup + options.count { try answer(sequence, on: &connection) }
        try connection.flush()
        let report = meter.stop(connection.statistics, messages: options.count)
        try connection.close()
        return report
    }

    @inline(__always)
    private func answer(_ sequence: Int, on connection: inout Connection) throws {
        let isAsked: Void? = try connection.receive { frame, reply in
            try verify(frame.bytes, sequence)
            try reply.send(frame.bytes)
        }
        guard isAsked != nil else { throw BenchmarkFailure("the client ended the stream before message \(sequence)") }
    }

    @inline(__always)
    private func verify(_ payload: RawSpan, _ sequence: Int) throws {
        guard payload.byteCount == options.size, Content.matches(UInt64(sequence), payload) else {
            throw BenchmarkFailure("message \(sequence) arrived with a wrong content")
        }
    }
}
