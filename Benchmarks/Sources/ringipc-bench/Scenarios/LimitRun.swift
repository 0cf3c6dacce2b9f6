/// One trial of a C limit program. It measures both of its processes itself.
struct LimitRun {
    enum Scenario: String, CaseIterable {
        case pingpong, stream, burst, rate, depth, connect, fanin, parse

        /// Names of the C program's `--kind`.
        var kinds: [String] {
            switch self {
            case .pingpong: Self.ways + ["shared-block", "shared-spin"]
            case .burst, .rate, .depth: Self.ways
            case .stream: ["bytes", "recv", "epoll", "uring", "shared-block", "shared"]
            case .connect: ["recv-block", "recv-spin"]
            case .fanin: ["epoll", "uring"]
            case .parse: ["parse"]
            }
        }

        private static let ways = ["recv-block", "epoll-block", "uring-block", "recv-spin", "epoll-spin", "uring-spin"]

        /// Those whose sides wait in this way: a C program blocks or spins. In a stream only that in shared memory spins.
        func kinds(_ wait: WaitChoice) -> [String] {
            switch (wait, self) {
            case (.adaptive, _), (.moderated, _): []
            case (.block, _): kinds.filter { !$0.hasSuffix("-spin") && $0 != "shared" }
            case (.spin, .stream): ["shared"]
            case (.spin, _): kinds.filter { !$0.hasSuffix("-block") }
            }
        }
    }

    var scenario: Scenario
    let kind: String
    var framing = Framing.native
    var size = 64
    var count: Int?
    /// Messages of a burst.
    var burst = 1000
    var load = RateLoad(perSecond: 100_000)
    /// Requests in flight.
    var depth = 16
    var connections = 128
    var seconds = 1.0
    let cpus: CPUPair

    func measure() throws -> ScenarioResult {
        guard let program = Tool.limits else {
            throw BenchmarkFailure("the C limit programs are not built; 'make bench-tool' builds them")
        }
        guard framing != .qbytearray && framing != .u32be else {
            throw BenchmarkFailure("the C limit programs know no framing \(framing.rawValue), only native and u32host")
        }
        if scenario == .fanin { return try measureFanin(program) }
        var arguments = [scenario.rawValue, "--size", "\(size)"]
        if scenario == .parse {
            arguments += ["--pin", "\(cpus.client)"]
        } else {
            arguments += ["--kind", kind, "--framing", programFraming, "--pin", cpus.argument]
            if let count { arguments += ["--count", "\(count)"] }
        }
        switch scenario {
        case .burst: arguments += ["--burst", "\(burst)"]
        case .depth: arguments += ["--depth", "\(depth)"]
        case .rate:
            try load.check(cpus)
            arguments += load.programArguments
            if count == nil { arguments += ["--count", "\(load.count)"] }
        case .pingpong, .stream, .connect, .fanin, .parse: break
        }
        let child = try ChildProcess(program, arguments)
        return try label(JSONLine.decode(ScenarioResult.self, from: child.finish(within: 120)))
    }

    private func measureFanin(_ program: String) throws -> ScenarioResult {
        let address = ScenarioRun.newAddress()
        let server = try ChildProcess(
            program,
            [
                "fanin-server", "--kind", kind, "--listen", address, "--framing", programFraming, "--pin", "\(cpus.server)",
            ])
        try server.waitUntilReady()
        let fanin = Fanin(
            options: ScenarioOptions(framing: framing, size: size), connections: connections, seconds: seconds, cpus: cpus)
        var result = ScenarioResult(scenario: "fanin")
        result.connections = connections
        try result.takeClient(fanin.runProgram(program, address))
        server.requestEnd()
        let own = try JSONLine.decode(ScenarioResult.self, from: server.finish(within: 30))
        result.setServerCosts(cpu: own.cpuPerMessage ?? 0, calls: own.callsPerMessage)
        result.contextSwitches = own.contextSwitches
        result.peakResidentBytes = own.peakResidentBytes
        return label(result)
    }

    /// On this machine the host's order is what the C programs call by one name only.
    private var programFraming: String { framing == .native ? "native" : "u32host" }

    private func label(_ result: ScenarioResult) -> ScenarioResult {
        var result = result
        result.backend = nil
        result.kind = kind
        result.framing = framing.rawValue
        if result.callsPerMessage != nil || result.callsPerMessageOfServer != nil { result.callsSource = .program }
        return result
    }
}
