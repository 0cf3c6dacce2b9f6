internal import CBenchmark
internal import RingIPC

/// Round trips, one message in flight: what a request costs. An empty message ends the warm-up, whose length the client finds.
struct Pingpong {
    let options: ScenarioOptions

    func runClient(_ endpoint: Endpoint) throws -> SideReport {
        let watchdog = Watchdog.start()
        defer { watchdog.end() }
        var connection = try Connection(connectingTo: endpoint, configuration: options.configuration)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        let first = try warmUp(on: &connection, watchdog)
        try beginMeasuring(on: &connection)
        var latencies = Latencies()
        meter.start(connection.statistics)
        var last = bench_monotonic_nanoseconds()
        for sequence in first..<first + options.count {
            try roundTrip(sequence, on: &connection)
            // From answer to answer: producing and verifying a message is part of its time, in the C programs too.
            let now = bench_monotonic_nanoseconds()
            latencies.record(nanoseconds: now - last)
            last = now
            watchdog.note(sequence)
        }
        let report = meter.stop(connection.statistics, messages: options.count)
        try options.backend.close(connection)
        return report.taking(latencies)
    }

    /// Returns the number of messages.
    private func warmUp(on connection: inout Connection, _ watchdog: Watchdog) throws -> Int {
        var warmUp = WarmUp(least: options.warmup)
        var sequence = 0
        while !warmUp.isOver {
            let start = bench_monotonic_nanoseconds()
            try roundTrip(sequence, on: &connection)
            warmUp.record(nanoseconds: bench_monotonic_nanoseconds() - start)
            watchdog.note(sequence)
            sequence += 1
        }
        return sequence
    }

    /// Tells the server that what follows is measured. When this returns, it is ready.
    func beginMeasuring(on connection: inout Connection) throws {
        try connection.send(reserving: 0) { _ in }
        guard try connection.receive({ frame, _ in frame.bytes.byteCount }) == 0 else {
            throw BenchmarkFailure("the server has not confirmed the end of the warm-up")
        }
    }

    @inline(__always)
    func roundTrip(_ sequence: Int, on connection: inout Connection) throws {
        try ask(UInt64(sequence), on: &connection)
        let isAnswered: Void? = try connection.receive { frame, _ in try verify(frame.bytes, sequence) }
        guard isAnswered != nil else {
            throw BenchmarkFailure("the server ended the stream before its answer to message \(sequence)")
        }
    }

    /// Answers whatever number of messages is in flight: the answers to all that have arrived leave together.
    func runServer(_ endpoint: Endpoint, onReady: () -> Void) throws -> SideReport {
        var connection = try acceptOne(endpoint, options.configuration, onReady: onReady)
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        var first = 0
        while try answerOfWarmUp(first, on: &connection) { first += 1 }
        meter.start(connection.statistics)
        try connection.send(reserving: 0) { _ in }
        for sequence in first..<first + options.count { try answer(sequence, on: &connection) }
        try connection.flush()
        let report = meter.stop(connection.statistics, messages: options.count)
        try options.backend.close(connection)
        return report
    }

    /// False: the warm-up is over.
    private func answerOfWarmUp(_ sequence: Int, on connection: inout Connection) throws -> Bool {
        let isMessage = try connection.receive { frame, reply in
            if frame.bytes.byteCount == 0 { return false }
            try verify(frame.bytes, sequence)
            try send(frame, sequence, to: &reply)
            return true
        }
        guard let isMessage else { throw BenchmarkFailure("the client ended the stream before message \(sequence)") }
        return isMessage
    }

    @inline(__always)
    func answer(_ sequence: Int, on connection: inout Connection) throws {
        let isAsked: Void? = try connection.receive { frame, reply in
            try verify(frame.bytes, sequence)
            try send(frame, sequence, to: &reply)
        }
        guard isAsked != nil else { throw BenchmarkFailure("the client ended the stream before message \(sequence)") }
    }

    @inline(__always)
    func verify(_ payload: RawSpan, _ sequence: Int) throws {
        let isRight = options.payload == .description ? Content.begins(UInt64(sequence), payload) : Content.matchesAlone(UInt64(sequence), payload)
        guard payload.byteCount == options.size, isRight else {
            throw BenchmarkFailure("message \(sequence) arrived with a wrong content")
        }
    }
}

// MARK: Loans

extension Pingpong {
    @inline(__always)
    private func ask(_ number: UInt64, on connection: inout Connection) throws {
        if !options.payload.isLent { return try connection.send(reserving: options.size) { Content.writeAlone(number, to: &$0) } }
        guard var loan = try connection.loan(byteCount: options.size) else {
            try allowOrdinary(connection.lane, Int(number))
            return try connection.send(reserving: options.size) { Content.writeAlone(number, to: &$0) }
        }
        fill(&loan, number)
        try connection.send(loan)
    }

    @inline(__always)
    private func send(_ frame: FrameView, _ sequence: Int, to reply: inout Outbound) throws {
        if !options.payload.isLent { return try reply.send(frame.bytes) }
        guard var loan = try reply.loan(byteCount: options.size) else {
            try allowOrdinary(reply.laneReport, sequence)
            return try reply.send(frame.bytes)
        }
        fill(&loan, UInt64(sequence))
        try reply.send(loan)
    }

    /// The first messages travel before both sides have agreed on shared memory.
    private func allowOrdinary(_ lane: LaneReport, _ sequence: Int) throws {
        guard lane.sending == .socket else { throw BenchmarkFailure("there is no loan for message \(sequence)") }
    }

    @inline(__always)
    private func fill(_ loan: inout Loan, _ number: UInt64) {
        var payload = loan.mutableBytes
        if options.payload == .description { Content.begin(number, &payload) } else { Content.writeAlone(number, to: &payload) }
    }
}
