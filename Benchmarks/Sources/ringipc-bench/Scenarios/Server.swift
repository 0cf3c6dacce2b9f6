internal import CBenchmark
internal import RingIPC

/// An event loop that serves any number of clients until it is told to end.
struct Server {
    enum Mode: String, CaseIterable {
        case echo, sink, source
    }

    let mode: Mode
    let options: ScenarioOptions
    var reportsEnds = false

    /// What it did between `onReady` and its end.
    struct Outcome {
        let backend: MeasuredBackend
        let statistics: Statistics
        let side: SideReport
        let seconds: Double

        var messages: Int { side.messages }

        /// For figures, which are those of the backend if all clients used it.
        func report() throws -> SideReport {
            try backend.requireAgreement(statistics, connections: statistics.acceptedConnections)
            return side
        }
    }

    func run(_ endpoint: Endpoint, onReady: () -> Void) throws -> Outcome {
        bench_catch_end_signals()
        let end = LoopEnd()
        let totals = ServerTotals()
        let loop = try EventLoop(configuration: options.configuration)
        switch mode {
        case .echo:
            let longest = options.framing.format.encodedLength(ofPayload: options.configuration.maximumFrameLength)
            try listen(loop, endpoint) { EchoHandler(totals: totals, longestAnswer: longest) }
        case .sink: try listen(loop, endpoint) { SinkHandler(totals: totals) }
        case .source:
            let options = options
            try listen(loop, endpoint) { SourceHandler(totals: totals, options: options) }
        }
        loop.post { Self.endOnSignal(loop, end, &$0) }
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        onReady()
        meter.start(Statistics())
        let start = bench_monotonic_nanoseconds()
        try loop.run()
        let seconds = Double(bench_monotonic_nanoseconds() - start) / 1e9
        return Outcome(
            backend: options.backend, statistics: end.statistics, side: meter.stop(end.statistics, messages: totals.frames), seconds: seconds)
    }

    private func listen<Handler: ConnectionHandler>(
        _ loop: EventLoop, _ endpoint: Endpoint, handler: @escaping @Sendable () -> Handler
    ) throws {
        if reportsEnds {
            try loop.listen(on: endpoint) { EndReporter(base: handler(), process: $0?.processIdentifier ?? 0) }
        } else {
            try loop.listen(on: endpoint) { _ in handler() }
        }
    }

    /// Looks for the signal now and then: a thread that waits for it would make each system call of the loop slower.
    private static func endOnSignal(_ loop: EventLoop, _ end: LoopEnd, _ context: inout LoopContext) {
        if bench_end_requested() { return end.stop(loop) }
        context.schedule(after: .milliseconds(20)) { endOnSignal(loop, end, &$0) }
    }
}
