internal import CBenchmark
internal import RingIPC

/// Requests on one connection of which a fixed number is always in flight: each answer lets the next request out. The other side is
/// the server of ``Pingpong``.
struct Depth {
    let options: ScenarioOptions
    let depth: Int

    func runClient(_ endpoint: Endpoint) throws -> SideReport {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        var warmUp = WarmUp(least: options.warmup)
        var first = 0
        if !warmUp.isOver {
            first = try exchange(atMost: .max, from: 0, on: &connection, watchdog) { nanoseconds in
                warmUp.record(nanoseconds: nanoseconds)
                return !warmUp.isOver
            }
        }
        try Pingpong(options: options).beginMeasuring(on: &connection)
        var latencies = Latencies()
        meter.start(connection.statistics)
        _ = try exchange(atMost: options.count, from: first, on: &connection, watchdog) { nanoseconds in
            latencies.record(nanoseconds: nanoseconds)
            return true
        }
        let report = meter.stop(connection.statistics, messages: options.count)
        try options.backend.close(connection)
        return report.taking(latencies)
    }

    /// Sends requests from number `first` on while `onAnswer`, which gets the time of each, says that there should be more. Returns the
    /// number of the first one that was not sent; all the others are answered.
    private func exchange(
        atMost count: Int, from first: Int, on connection: inout Connection, _ watchdog: Watchdog, onAnswer: (UInt64) -> Bool
    ) throws -> Int {
        let pingpong = Pingpong(options: options)
        let end = count == .max ? Int.max : first + count
        var flight = Flight(depth: depth)
        var next = first
        var answered = first
        let start = bench_monotonic_nanoseconds()
        while next < end && next - first < depth {
            let number = UInt64(next)
            flight.sentAt[next - first] = start
            try connection.send(reserving: options.size) { Content.write(number, to: &$0) }
            next += 1
        }
        while answered < next {
            let isOpen = try connection.receiveBatch { answers, outbound in
                while let answer = try answers.next() {
                    try pingpong.verify(answer.bytes, answered)
                    answered += 1
                    // From answer to request: producing and verifying is part of a request's time, as with one in flight.
                    let now = bench_monotonic_nanoseconds()
                    if onAnswer(flight.land(now)), next < end {
                        let number = UInt64(next)
                        try outbound.send(reserving: options.size) { Content.write(number, to: &$0) }
                        next += 1
                    }
                }
            }
            guard isOpen else { throw BenchmarkFailure("the server ended the stream before its answer to message \(answered)") }
            watchdog.note(answered)
        }
        return next
    }
}

/// When the requests in flight were sent. Answers keep the order of the requests, so that each new one takes the place of the one that
/// was answered.
private struct Flight {
    var sentAt: [UInt64]
    private var oldest = 0

    init(depth: Int) { sentAt = [UInt64](repeating: 0, count: depth) }

    /// Returns how long the oldest one took; the next one takes its place now.
    mutating func land(_ now: UInt64) -> UInt64 {
        defer {
            sentAt[oldest] = now
            oldest += 1
            if oldest == sentAt.count { oldest = 0 }
        }
        return now - sentAt[oldest]
    }
}
