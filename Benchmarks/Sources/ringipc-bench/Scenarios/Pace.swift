internal import CBenchmark
internal import RingIPC

/// What one measurement of the pace scenario does: messages at an interval, or none at all after some.
enum PaceStep: Equatable {
    case every(microseconds: Int)
    case idle

    static let all: [PaceStep] = [10, 30, 100, 300, 1000, 3000, 10_000].map { .every(microseconds: $0) } + [.idle]

    /// Half a second of messages, but enough for a median.
    var defaultCount: Int {
        guard case .every(let microseconds) = self else { return 5000 }
        return max(50, min(20_000, 500_000 / microseconds))
    }
}

/// Round trips at a steady pace: what a wait strategy costs and gives when messages come neither back to back nor never. The
/// other side is the server of ``Pingpong``.
struct Pace {
    let options: ScenarioOptions
    let step: PaceStep
    let sharesCPU: Bool

    struct Outcome {
        let seconds: Double
        let times: RoundTripTimes?
        /// CPU time in all that was measured, without what the tool itself spun to keep the pace.
        let clientShare: Double
        /// Only of an idle time; otherwise the server measures itself.
        var serverShare: Double?
        let report: SideReport
    }

    private static let idleSeconds = 2
    /// Pace of the busy phase before an idle one.
    private static let busyMicroseconds = 10

    func runClient(_ endpoint: Endpoint, server: Int32) throws -> Outcome {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        bench_sleep_precisely()
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        let client = Pingpong(options: options)
        var pacer = Pacer(microseconds: microseconds, sharesCPU: sharesCPU)
        for sequence in 0..<options.warmup {
            pacer.wait()
            try client.roundTrip(sequence, on: &connection)
            watchdog.note(sequence)
        }
        try client.beginMeasuring(on: &connection)
        let outcome =
            switch step {
            case .every: try runPaced(client, &pacer, on: &connection, watchdog)
            case .idle: try runIdle(client, &pacer, on: &connection, server: server)
            }
        try options.backend.close(connection)
        return outcome
    }

    private var microseconds: Int {
        if case .every(let microseconds) = step { microseconds } else { Self.busyMicroseconds }
    }

    private func runPaced(
        _ client: Pingpong, _ pacer: inout Pacer, on connection: inout Connection, _ watchdog: Watchdog
    ) throws -> Outcome {
        var latencies = Latencies()
        var meter = SideMeter(countsSystemCalls: false)
        meter.start(connection.statistics)
        let start = bench_monotonic_nanoseconds()
        let spunBefore = pacer.spunNanoseconds
        for sequence in options.warmup..<options.warmup + options.count {
            pacer.wait()
            let sent = bench_monotonic_nanoseconds()
            try client.roundTrip(sequence, on: &connection)
            latencies.record(nanoseconds: bench_monotonic_nanoseconds() - sent)
            watchdog.note(sequence)
        }
        let report = meter.stop(connection.statistics, messages: options.count)
        let wall = bench_monotonic_nanoseconds() - start
        let spun = min(report.cpuNanoseconds, pacer.spunNanoseconds - spunBefore)
        return Outcome(
            seconds: Double(wall) / 1e9, times: latencies.summary,
            clientShare: Double(report.cpuNanoseconds - spun) / Double(wall), report: report)
    }

    /// Both processes wait for a message that does not come. The last message is sent after that: until then the server waits.
    private func runIdle(
        _ client: Pingpong, _ pacer: inout Pacer, on connection: inout Connection, server: Int32
    ) throws -> Outcome {
        let last = options.warmup + options.count - 1
        for sequence in options.warmup..<last {
            pacer.wait()
            try client.roundTrip(sequence, on: &connection)
        }
        var meter = SideMeter(countsSystemCalls: false)
        meter.start(connection.statistics)
        let serverBefore = bench_cpu_nanoseconds_of(server)
        let start = bench_monotonic_nanoseconds()
        do {
            _ = try connection.receive(within: .seconds(Self.idleSeconds)) { _, _ in }
            throw BenchmarkFailure("something arrived that nobody has asked for")
        } catch let error as TransportError where error.code == .timedOut {}
        let wall = Double(bench_monotonic_nanoseconds() - start)
        let serverSpent = bench_cpu_nanoseconds_of(server) - serverBefore
        let report = meter.stop(connection.statistics, messages: 0)
        try client.roundTrip(last, on: &connection)
        return Outcome(
            seconds: wall / 1e9, times: nil, clientShare: Double(report.cpuNanoseconds) / wall,
            serverShare: Double(serverSpent) / wall, report: report)
    }
}

/// Waits for the time of the next message. A short wait on a CPU of its own spins on the clock, because a sleep would come late by
/// as much as is to be waited for, and would let the CPU cool down between messages. A long one sleeps, so that the pace costs
/// nothing. On a CPU that both processes share, the client always sleeps: while it spun, the server could not answer.
struct Pacer {
    private let interval: UInt64
    private let spins: Bool
    private var next: UInt64 = 0
    /// Of the client's CPU time, what is the tool's own.
    private(set) var spunNanoseconds: UInt64 = 0

    private static let longestSpin: UInt64 = 50_000

    init(microseconds: Int, sharesCPU: Bool) {
        interval = UInt64(microseconds) * 1000
        spins = Self.spins(interval: interval, sharesCPU: sharesCPU)
    }

    static func spins(interval: UInt64, sharesCPU: Bool) -> Bool { !sharesCPU && interval < longestSpin }

    mutating func wait() {
        let start = bench_monotonic_nanoseconds()
        if start < next {
            if spins {
                // CPU time and not wall time: while another program has the CPU, the spin costs nothing.
                let spent = bench_cpu_nanoseconds()
                while bench_monotonic_nanoseconds() < next {}
                spunNanoseconds += bench_cpu_nanoseconds() - spent
            } else {
                bench_sleep_until(next)
            }
        }
        // From now and not from when it was due: an answer that came late is not made up for by a burst.
        next = max(start, next) + interval
    }
}
