/// One trial of another library. Both of its processes are its program, but for scenarios of many connections, whose client is the one
/// that measures the library's own server, too, and where its client is to meet another server.
struct PeerRun {
    let peer: PeerProgram
    let scenario: ScenarioRun.Scenario
    var wait = WaitChoice.block
    var size = 64
    /// Messages; bursts of a burst, connections of a connect.
    var count: Int
    var warmup: Int
    /// Messages between two flushes.
    var batch = 1
    let cpus: CPUPair
    /// The server in the place of its own; for a stream only.
    var host: Host?
    var countsSystemCalls = false

    func measure() throws -> ScenarioResult {
        guard let program = peer.path else {
            throw BenchmarkFailure("\(peer.name) is not built; it needs the \(peer.source)")
        }
        var result = ScenarioResult(scenario: scenario.name)
        result.peer = peer.name
        result.wait = (host?.wait ?? wait).rawValue
        if case .stream = scenario { result.batch = batch }
        if case .burst = scenario { result.batch = batch }
        let folder = try TemporaryFolder()
        let address = folder.path + "/socket"
        switch scenario {
        case .idle(let connections):
            result.connections = connections
            let idle = Idle(options: ScenarioOptions(framing: .u32host), connections: connections, cpus: cpus)
            try idle.allowDescriptors()
            try idle.measure(startServer(program, address, []), address, into: &result)
        case .fanin(let connections, let seconds):
            result.connections = connections
            try measureFanin(program, address, connections, seconds, into: &result)
        case .pace, .parse: throw BenchmarkFailure("no other library is measured by \(scenario.name)")
        case .rate(let load):
            try load.check(cpus)
            try measureSides(program, address, into: &result)
        case .pingpong, .stream, .burst, .depth, .connect: try measureSides(program, address, into: &result)
        }
        return result
    }

    private func measureSides(_ program: String, _ address: String, into result: inout ScenarioResult) throws {
        let stamps = try Stamps()
        let server = try startReceiver(program, address, stamps)
        let client = try ChildProcess(program, arguments("client", address, cpus.client) + stamps.arguments)
        let ofClient = try JSONLine.decode(SideReport.self, from: client.finish(within: 120))
        if case .connect = scenario { server.requestEnd() }
        let ofServer = try JSONLine.decode(SideReport.self, from: server.finish(within: 30))
        try result.take(scenario, size: size, client: ofClient, server: ofServer)
    }

    private func measureFanin(
        _ program: String, _ address: String, _ connections: Int, _ seconds: Double, into result: inout ScenarioResult
    ) throws {
        guard let clientProgram = Tool.limits else {
            throw BenchmarkFailure("a fan-in to another library needs the C client; 'make bench-tool' builds it")
        }
        let fanin = Fanin(
            options: ScenarioOptions(framing: .u32host, size: size), connections: connections, seconds: seconds, cpus: cpus)
        let server = try startServer(program, address, [])
        try result.takeClient(fanin.runProgram(clientProgram, address))
        server.requestEnd()
        result.takeServer(try JSONLine.decode(SideReport.self, from: server.finish(within: 30)))
    }

    private func startReceiver(_ program: String, _ address: String, _ stamps: Stamps) throws -> ChildProcess {
        switch host {
        case nil: try startServer(program, address, stamps.arguments)
        case .limit: try startLimit(address, stamps)
        case .ours, .oursModerated: try startOurServer(address, stamps)
        }
    }

    private func startServer(_ program: String, _ address: String, _ more: [String]) throws -> ChildProcess {
        let server = try ChildProcess(program, arguments("server", address, cpus.server) + more)
        try server.waitUntilReady()
        return server
    }

    /// The server that receives our own clients' streams, with the framing of the peers.
    private func startOurServer(_ address: String, _ stamps: Stamps) throws -> ChildProcess {
        let options = ScenarioOptions(
            framing: .u32host, wait: host?.wait ?? wait, size: size, count: count, warmup: warmup, countsSystemCalls: countsSystemCalls)
        return try ScenarioRun.startServer(scenario.name, at: address, options, on: cpus.server, stamps.arguments)
    }

    private func startLimit(_ address: String, _ stamps: Stamps) throws -> ChildProcess {
        guard let limits = Tool.limits else { throw BenchmarkFailure("the C limit programs are not built; 'make bench-tool' builds them") }
        let server = try ChildProcess(
            limits,
            [
                "stream-server", "--kind", "recv", "--listen", address, "--size", "\(size)", "--count", "\(count)", "--warmup", "\(warmup)",
                "--pin", "\(cpus.server)",
            ] + stamps.arguments)
        try server.waitUntilReady()
        return server
    }

    /// The command line of a side.
    func arguments(_ side: String, _ address: String, _ cpu: Int) -> [String] {
        var arguments = [
            side, scenario.name, "--address", address, "--wait", wait.rawValue, "--size", "\(size)", "--count", "\(count)",
            "--warmup", "\(warmup)", "--batch", "\(batch)", "--cpu", "\(cpu)",
        ]
        switch scenario {
        case .burst(let messages): arguments += ["--burst", "\(messages)"]
        case .depth(let depth): arguments += ["--depth", "\(depth)"]
        case .rate(let load): arguments += load.programArguments
        case .pingpong, .stream, .connect, .pace, .fanin, .idle, .parse: break
        }
        if countsSystemCalls { arguments.append("--count-system-calls") }
        return arguments
    }
}
