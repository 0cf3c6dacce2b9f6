internal import CBenchmark
internal import RingIPC
internal import Synchronization

/// Many connections with one message in flight each, from one thread. Stands in where the C client is not built, which serves
/// this library's server and the C servers alike.
final class FaninClient: Sendable {
    struct Outcome {
        let seconds: Double
        let times: RoundTripTimes?
        let report: SideReport
    }

    private struct State {
        var open = 0
        /// Set when the last connection is open.
        var measured: ClosedRange<UInt64>?
        var messages = 0
        var latencies = Latencies()
        var failure: BenchmarkFailure?
    }

    private static let warmupNanoseconds: UInt64 = 100_000_000

    let options: ScenarioOptions
    let connections: Int
    let seconds: Double
    private let loop: EventLoop
    private let end = LoopEnd()
    private let state = Mutex(State())

    init(options: ScenarioOptions, connections: Int, seconds: Double) throws {
        self.options = options
        self.connections = connections
        self.seconds = seconds
        loop = try EventLoop(configuration: options.configuration)
    }

    func run(_ endpoint: Endpoint) throws -> Outcome {
        var meter = SideMeter(countsSystemCalls: options.countsSystemCalls)
        meter.start(Statistics())
        for _ in 0..<connections { loop.connect(to: endpoint, handler: Handler(client: self, size: options.size)) }
        try loop.run()
        let (messages, times, failure) = state.withLock { ($0.messages, $0.latencies.summary, $0.failure) }
        if let failure { throw failure }
        guard messages > 0 else { throw BenchmarkFailure("no round trip was completed") }
        return Outcome(seconds: seconds, times: times, report: meter.stop(end.statistics, messages: messages))
    }

    private func opened() {
        let start = bench_monotonic_nanoseconds() + Self.warmupNanoseconds
        state.withLock { state in
            state.open += 1
            if state.open == connections { state.measured = start...start + UInt64(seconds * 1e9) }
        }
    }

    private func closed() {
        let isLast = state.withLock { state in
            state.open -= 1
            return state.open == 0
        }
        if isLast { end.stop(loop) }
    }

    private func fail(_ reason: String) {
        state.withLock { $0.failure = $0.failure ?? BenchmarkFailure(reason) }
        end.stop(loop)
    }

    /// Counts a round trip when it began and ended inside the measured time. False: that time is over.
    private func record(from start: UInt64, to end: UInt64) -> Bool {
        state.withLock { state in
            guard let measured = state.measured else { return true }
            guard end <= measured.upperBound else { return false }
            if measured.contains(start) {
                state.messages += 1
                state.latencies.record(nanoseconds: end - start)
            }
            return true
        }
    }

    private struct Handler: ConnectionHandler, Sendable {
        let client: FaninClient
        let size: Int
        private var sequence: UInt64 = 0
        private var sentAt: UInt64 = 0
        private var isEnding = false
        private var wasOpened = false

        init(client: FaninClient, size: Int) {
            self.client = client
            self.size = size
        }

        mutating func opened(_ outbound: inout Outbound) {
            wasOpened = true
            client.opened()
            do { try send(&outbound) } catch { client.fail("\(error)") }
        }

        mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
            let now = bench_monotonic_nanoseconds()
            while let frame = try frames.next() {
                guard frame.bytes.byteCount == size, Content.matches(sequence, frame.bytes) else {
                    return client.fail("the answer to message \(sequence) of a connection has a wrong content")
                }
                sequence += 1
                if client.record(from: sentAt, to: now) {
                    try send(&reply)
                } else {
                    isEnding = true
                    do { try client.options.backend.require(reply.laneReport) } catch { return client.fail("\(error)") }
                    reply.close()
                }
            }
        }

        mutating func closed(_ reason: CloseReason) {
            if wasOpened && isEnding { client.closed() } else { client.fail("a connection ended too early: \(reason)") }
        }

        private mutating func send(_ outbound: inout Outbound) throws {
            let number = sequence
            sentAt = bench_monotonic_nanoseconds()
            try outbound.send(reserving: size) { Content.write(number, to: &$0) }
        }
    }
}
