internal import CBenchmark
internal import Glibc
internal import RingIPC

/// An event loop that serves any number of clients until it is told to end.
struct Server {
    enum Mode: String, CaseIterable {
        case echo, sink, source
    }

    let mode: Mode
    let options: ScenarioOptions

    /// What it did between `onReady` and its end.
    struct Outcome {
        let report: SideReport
        let seconds: Double
    }

    func run(_ endpoint: Endpoint, onReady: () -> Void) throws -> Outcome {
        let signals = EndSignals.block()
        let end = LoopEnd()
        let totals = ServerTotals()
        let loop = try EventLoop(configuration: options.configuration)
        switch mode {
        case .echo:
            let longest = options.framing.format.encodedLength(ofPayload: options.configuration.maximumFrameLength)
            try loop.listen(on: endpoint) { _ in EchoHandler(totals: totals, longestAnswer: longest) }
        case .sink: try loop.listen(on: endpoint) { _ in SinkHandler(totals: totals) }
        case .source:
            let options = options
            try loop.listen(on: endpoint) { _ in SourceHandler(totals: totals, options: options) }
        }
        try BackgroundThread.start {
            signals.wait()
            end.stop(loop)
        }
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        onReady()
        meter.start(Statistics())
        let start = bench_monotonic_nanoseconds()
        try loop.run()
        let seconds = Double(bench_monotonic_nanoseconds() - start) / 1e9
        return Outcome(report: meter.stop(end.statistics, messages: totals.frames), seconds: seconds)
    }
}

/// SIGTERM and SIGINT, as an event to wait for instead of an interruption.
struct EndSignals: Sendable {
    /// Blocks them in the calling thread and in those that it starts later.
    static func block() -> EndSignals {
        var signals = set
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        return EndSignals()
    }

    func wait() {
        var signals = Self.set
        var signal: Int32 = 0
        unsafe sigwait(&signals, &signal)
    }

    private static var set: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        return signals
    }
}
