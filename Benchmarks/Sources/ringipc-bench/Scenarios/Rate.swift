internal import CBenchmark
internal import RingIPC

/// An open loop: each message has a time at which it is due, whatever became of those before, and its latency counts from then. So a
/// stall makes all messages late that were due meanwhile, and hides none. Messages that are due together leave together.
///
/// The client is the measuring instrument, the same for every contender: it spins on the clock between due times, and looks for
/// answers without waiting. It looks with the plain `recv` of the `automatic` backend, since a look through a ring would begin a
/// receive and take it back each time. A look that finds nothing takes some hundred nanoseconds, by which a message or an answer may be
/// late; looks are made only while an answer is awaited. How the server waits is the contender's. The warm-up is a number of messages
/// on the schedule.
struct Rate {
    let options: ScenarioOptions
    let direction: RateLoad.Direction
    /// Hold when each message was due, one way for the server, else for the client itself.
    let stamps: Stamps

    private var total: Int { options.warmup + options.count }

    // MARK: The client

    func runClient(_ endpoint: Endpoint, _ load: RateLoad) throws -> SideReport {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        var configuration = options.configuration
        if options.backend != .sharedMemory { configuration.backend = .automatic }
        configuration.wait = .spin
        var connection = try Connection(connectingTo: endpoint, configuration: configuration)
        var calendar = Calendar(load)
        let report =
            switch direction {
            case .oneWay: try send(&calendar, on: &connection, watchdog)
            case .roundTrip: try exchange(&calendar, on: &connection, watchdog)
            }
        try options.backend.close(connection)
        return report
    }

    private func send(_ calendar: inout Calendar, on connection: inout Connection, _ watchdog: Watchdog) throws -> SideReport {
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        try send(upTo: options.warmup, &calendar, on: &connection, watchdog)
        meter.start(connection.statistics)
        try send(upTo: total, &calendar, on: &connection, watchdog)
        try awaitConfirmation(of: total, on: &connection)
        return meter.stop(connection.statistics, messages: options.count)
    }

    private func send(upTo end: Int, _ calendar: inout Calendar, on connection: inout Connection, _ watchdog: Watchdog) throws {
        while calendar.number < end {
            let now = bench_monotonic_nanoseconds()
            guard calendar.due <= now else { continue }
            while calendar.due <= now, calendar.number < end { try sendNext(&calendar, on: &connection) }
            try connection.flush()
            watchdog.note(calendar.number)
        }
    }

    private func exchange(_ calendar: inout Calendar, on connection: inout Connection, _ watchdog: Watchdog) throws -> SideReport {
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        var latencies = Latencies()
        var answered = 0
        var isMeasured = false
        while answered < total {
            if !isMeasured, calendar.number >= options.warmup {
                meter.start(connection.statistics)
                isMeasured = true
            }
            let now = bench_monotonic_nanoseconds()
            while calendar.due <= now, calendar.number < total, calendar.number - answered < mostInFlight {
                try sendNext(&calendar, on: &connection)
            }
            if answered < calendar.number { try look(on: &connection, &answered, &latencies) }
            watchdog.note(answered)
        }
        return meter.stop(connection.statistics, messages: options.count).taking(latencies)
    }

    /// What the server always has room for, so that neither side waits for the other to read. A message that finds no room leaves late, as
    /// it would with a full socket.
    private var mostInFlight: Int {
        let length = options.framing.format.encodedLength(ofPayload: options.size)
        return max(1, options.configuration.receiveRingSize / 2 / length)
    }

    @inline(__always)
    private func sendNext(_ calendar: inout Calendar, on connection: inout Connection) throws {
        let number = calendar.number
        stamps[number] = calendar.due
        try connection.send(reserving: options.size) { Content.write(UInt64(number), to: &$0) }
        calendar.advance()
    }

    /// Sends what is queued and takes what has arrived.
    private func look(on connection: inout Connection, _ answered: inout Int, _ latencies: inout Latencies) throws {
        let pingpong = Pingpong(options: options)
        do {
            let isOpen = try connection.receiveBatch(within: .zero) { answers, _ in
                while let answer = try answers.next() {
                    try pingpong.verify(answer.bytes, answered)
                    if answered >= options.warmup { latencies.record(nanoseconds: stamps.age(of: answered)) }
                    answered += 1
                }
            }
            guard isOpen else { throw BenchmarkFailure("the server ended the stream before its answer to message \(answered)") }
        } catch let error as TransportError where error.code == .timedOut {}
    }

    // MARK: The server

    func runServer(_ endpoint: Endpoint, onReady: () -> Void) throws -> SideReport {
        var connection = try acceptOne(endpoint, options.configuration, onReady: onReady)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        let report =
            switch direction {
            case .oneWay: try receive(on: &connection, &meter)
            case .roundTrip: try answer(on: &connection, &meter)
            }
        try options.backend.close(connection)
        return report
    }

    private func receive(on connection: inout Connection, _ meter: inout SideMeter) throws -> SideReport {
        var latencies = Latencies()
        var verifier = StreamVerifier(size: options.size)
        if options.warmup == 0 { meter.start(connection.statistics) }
        while verifier.count < total {
            let before = verifier.count
            let isOpen = try connection.receiveBatch { batch, _ in
                while let frame = try batch.next() {
                    let number = verifier.count
                    try verifier.check(frame.bytes)
                    if number >= options.warmup { latencies.record(nanoseconds: stamps.age(of: number)) }
                }
            }
            guard isOpen else { throw BenchmarkFailure("the stream ended after \(verifier.count) of \(total) messages") }
            if before < options.warmup, verifier.count >= options.warmup { meter.start(connection.statistics) }
        }
        try confirm(total, on: &connection)
        return meter.stop(connection.statistics, messages: options.count).taking(latencies)
    }

    private func answer(on connection: inout Connection, _ meter: inout SideMeter) throws -> SideReport {
        let pingpong = Pingpong(options: options)
        for sequence in 0..<options.warmup { try pingpong.answer(sequence, on: &connection) }
        meter.start(connection.statistics)
        for sequence in options.warmup..<total { try pingpong.answer(sequence, on: &connection) }
        try connection.flush()
        return meter.stop(connection.statistics, messages: options.count)
    }
}

/// Which message is next, and at which time of the clock.
private struct Calendar {
    private(set) var number = 0
    private(set) var due: UInt64
    private var schedule: Schedule
    private let start = bench_monotonic_nanoseconds()

    init(_ load: RateLoad) {
        schedule = Schedule(load)
        due = start + schedule.next()
    }

    @inline(__always)
    mutating func advance() {
        number += 1
        due = start + schedule.next()
    }
}
