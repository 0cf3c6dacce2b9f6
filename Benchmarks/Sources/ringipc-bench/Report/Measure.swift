/// A column of a table: a figure of a result, in the unit in which it is shown.
struct Measure: Sendable {
    let title: String
    let showsSpread: Bool
    let moreIsBetter: Bool
    /// Only trials in which the kernel has counted, where there are any.
    let prefersKernelCount: Bool
    let value: @Sendable (ScenarioResult) -> Double?

    init(
        _ title: String, showsSpread: Bool = false, moreIsBetter: Bool = false, prefersKernelCount: Bool = false,
        _ value: @escaping @Sendable (ScenarioResult) -> Double?
    ) {
        self.title = title
        self.showsSpread = showsSpread
        self.moreIsBetter = moreIsBetter
        self.prefersKernelCount = prefersKernelCount
        self.value = value
    }

    /// The first is the one by which contenders are compared.
    static func columns(of scenario: String) -> [Measure] {
        switch scenario {
        case "pingpong": [roundTrip] + tails + [cpu, calls, switches]
        case "depth": [rate, roundTrip] + tails + [cpu, calls]
        case "burst": bursts + [cpu, calls, switches]
        case "rate": latencies + [rate, serverCPU, serverCalls]
        case "connect": firstFrames + [connect, connections, serverCPU]
        case "pace": [roundTrip, tails[0]] + shares
        case "pace-idle": shares
        case "idle": [connectionMemory, shares[1], mappings]
        case "fanin": [rate, roundTrip, tails[0], serverCPU, serverCalls, copied]
        case "parse": [parsing]
        default: [rate, bandwidth] + delays + [cpu, serverCPU, calls, copied]
        }
    }

    static let rate = Measure("million/s", showsSpread: true, moreIsBetter: true) { $0.messagesPerSecond.map { $0 / 1e6 } }
    static let bandwidth = Measure("GB/s", moreIsBetter: true) { $0.bytesPerSecond.map { $0 / 1e9 } }
    static let roundTrip = Measure("p50 µs", showsSpread: true) { $0.roundTrip.map { Double($0.p50) / 1e3 } }
    static let tails = [
        Measure("p99 µs") { $0.roundTrip.map { Double($0.p99) / 1e3 } },
        Measure("p99.9 µs") { $0.roundTrip.map { Double($0.p99_9) / 1e3 } },
    ]
    static let delays = [
        Measure("delay p50 µs") { $0.delay.map { Double($0.p50) / 1e3 } },
        Measure("delay p99 µs") { $0.delay.map { Double($0.p99) / 1e3 } },
    ]
    static let bursts = [
        Measure("burst p50 µs", showsSpread: true) { $0.burstTime.map { Double($0.p50) / 1e3 } },
        Measure("burst p99 µs") { $0.burstTime.map { Double($0.p99) / 1e3 } },
    ]
    /// From when a message was due.
    static let latencies = [
        Measure("latency p50 µs", showsSpread: true) { $0.latency.map { Double($0.p50) / 1e3 } },
        Measure("latency p99 µs") { $0.latency.map { Double($0.p99) / 1e3 } },
        Measure("latency p99.9 µs") { $0.latency.map { Double($0.p99_9) / 1e3 } },
    ]
    static let firstFrames = [
        Measure("first frame p50 µs", showsSpread: true) { $0.firstFrame.map { Double($0.p50) / 1e3 } },
        Measure("first frame p99 µs") { $0.firstFrame.map { Double($0.p99) / 1e3 } },
    ]
    static let connect = Measure("connect p50 µs") { $0.connectTime.map { Double($0.p50) / 1e3 } }
    static let connections = Measure("connections/s", moreIsBetter: true) { $0.connectionsPerSecond }
    static let parsing = Measure("ns/frame", showsSpread: true) { $0.nanosecondsPerFrame }
    static let cpu = Measure("CPU ns/message") { $0.cpuPerMessage }
    static let calls = Measure("calls/message", prefersKernelCount: true) { $0.callsPerMessage }
    static let serverCPU = Measure("server CPU ns/message") { $0.cpuPerMessageOfServer }
    static let serverCalls = Measure("server calls/message", prefersKernelCount: true) { $0.callsPerMessageOfServer }
    static let copied = Measure("copied B/message") { $0.copiedBytesPerMessage }
    static let shares = [
        Measure("client CPU %", showsSpread: true) { $0.cpuShareOfClient.map { $0 * 100 } },
        Measure("server CPU %", showsSpread: true) { $0.cpuShareOfServer.map { $0 * 100 } },
    ]
    static let connectionMemory = Measure("B/connection", showsSpread: true) { $0.bytesPerConnection }
    static let mappings = Measure("mappings") { $0.mappings.map(Double.init) }
    static let switches = Measure("context switches") { $0.contextSwitches.map(Double.init) }

    /// Over the trials that have the figure.
    func spread(_ trials: [ScenarioResult]) -> Spread? {
        let counted = prefersKernelCount ? trials.filter { $0.callsSource == .kernel } : []
        return Spread((counted.isEmpty ? trials : counted).compactMap(value))
    }

    /// The median of the trials; with its exact interval in brackets where there is one to show.
    func cell(_ trials: [ScenarioResult]) -> String {
        guard let spread = spread(trials) else { return "" }
        return showsSpread && trials.count > 1 ? spread.text(Figure.number) : Figure.number(spread.median)
    }
}
