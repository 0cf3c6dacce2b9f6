internal import CBenchmark
internal import RingIPC

/// One measurement of one contender, in processes of its own, so that no trial inherits another's memory.
struct Trial {
    let work: BenchmarkCase
    let contender: Contender
    /// Messages, bursts or connections.
    let count: Int
    /// Whether a short trial follows in which system calls are counted.
    var countsCalls = false

    /// With what disturbed it.
    func measure() throws -> ScenarioResult {
        let stolen = StealClock(work.cpus)
        let start = bench_monotonic_nanoseconds()
        var result = try measureContender()
        let seconds = Double(bench_monotonic_nanoseconds() - start) / 1e9
        result.stealNanoseconds = stolen.elapsedNanoseconds
        let disturbances = Disturbance.all(of: result, seconds: seconds, cpus: work.cpus)
        result.disturbances = disturbances.isEmpty ? nil : disturbances
        return result
    }

    /// Before the first message that counts.
    private var warmup: Int {
        switch work.scenario {
        // Each is many messages, or takes its time.
        case .burst, .rate, .connect: count / 10 + 2
        default: count / 10 + 100
        }
    }

    private func measureContender() throws -> ScenarioResult {
        switch contender {
        case .backend(let backend): try measureLibrary(backend)
        case .library: try measureLibrary(.automatic)
        case .limit(let kind): try measureLimit(kind)
        case .peer(let name, _): try measurePeer(name)
        case .client(let name, _, let host): try measurePeer(name, into: host)
        }
    }

    private func measureLibrary(_ backend: MeasuredBackend) throws -> ScenarioResult {
        let options = ScenarioOptions(backend: backend, wait: work.wait, size: work.size, count: count, warmup: warmup)
        var arguments = work.scenario.command + options.arguments + ["--pin", work.cpus.argument, "--json", "--histogram"]
        if !countsCalls { arguments.append("--skip-counting-trial") }
        let child = try ChildProcess(Tool.path, arguments)
        return try JSONLine.decode(ScenarioResult.self, from: child.finish(within: 120))
    }

    private func measureLimit(_ kind: String) throws -> ScenarioResult {
        guard let scenario = LimitRun.scenario(of: work.scenario) else {
            throw BenchmarkFailure("the C limit programs have no \(work.scenario.name)")
        }
        var run = LimitRun(scenario: scenario, kind: kind, size: work.size, count: count, cpus: work.cpus)
        switch work.scenario {
        case .burst(let messages): run.burst = messages
        case .rate(let load): run.load = load
        case .depth(let depth): run.depth = depth
        case .fanin(let connections, let seconds):
            run.connections = connections
            run.seconds = seconds
        case .pingpong, .stream, .connect, .pace, .idle, .parse: break
        }
        return try run.measure()
    }

    private func measurePeer(_ name: String, into host: Host? = nil) throws -> ScenarioResult {
        guard let peer = PeerProgram.named(name) else { throw BenchmarkFailure("there is no peer \(name)") }
        var run = PeerRun(
            peer: peer, scenario: work.scenario, wait: work.wait, size: work.size, count: count, warmup: warmup,
            batch: work.batch(of: contender) ?? 1, cpus: work.cpus)
        run.host = host
        var result = try run.measure()
        if countsCalls {
            run.count = max(1, min(count, count / 10 + 1000))
            run.countsSystemCalls = true
            result.takeCalls(from: try run.measure())
        }
        return result
    }
}
