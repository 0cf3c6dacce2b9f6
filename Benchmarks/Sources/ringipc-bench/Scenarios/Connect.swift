internal import CBenchmark
internal import RingIPC

/// Connections, one after the other: open, one message, its echo, close. The server is that of the fan-in. The name of the socket is
/// that of a file, as it is for other libraries. Counts connections.
struct Connect {
    let options: ScenarioOptions

    func runClient(_ endpoint: Endpoint) throws -> SideReport {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        for sequence in 0..<options.warmup { _ = try exchange(sequence, endpoint) }
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        var connects = Latencies()
        var firstFrames = Latencies()
        var ended = Statistics()
        meter.start(ended)
        for sequence in options.warmup..<options.warmup + options.count {
            let times = try exchange(sequence, endpoint)
            connects.record(nanoseconds: times.connect)
            firstFrames.record(nanoseconds: times.firstFrame)
            ended.systemCalls += times.statistics.systemCalls
            ended.copiedBytes += times.statistics.copiedBytes
            watchdog.note(sequence)
        }
        var report = meter.stop(ended, messages: options.count).taking(firstFrames)
        report.connectTimes = connects.summary
        return report
    }

    private func exchange(
        _ sequence: Int, _ endpoint: Endpoint
    ) throws -> (connect: UInt64, firstFrame: UInt64, statistics: Statistics) {
        let start = bench_monotonic_nanoseconds()
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        let connected = bench_monotonic_nanoseconds()
        try Pingpong(options: options).roundTrip(sequence, on: &connection)
        let answered = bench_monotonic_nanoseconds()
        let statistics = connection.statistics
        try options.backend.requireAgreement(statistics, connections: 1)
        try connection.close()
        return (connected - start, answered - start, statistics)
    }
}
