internal import RingIPC

/// Messages back to back: for ever, and in bursts.
extension Matrix {
    static let sizes = [8, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304]

    /// The largest message that other libraries are measured with.
    static let largestOfPeers = 1 << 20

    /// Each peer with each of its batches. The best is what the peer gets from then on.
    var sweeps: [BenchmarkCase] {
        peers(that: "stream", .block).map { peer in
            let batches = peer.batches.map { Contender.peer(peer.peer, batch: $0) }
            return work("batch sweep, stream, 64 B, \(peer.peer)", .stream, batches, seconds: min(seconds, 0.1))
        }
    }

    var streams: [BenchmarkCase] {
        guard profile == .full else { return [64, 1024, 16_384].map { stream($0, peers: $0 == 64) } }
        // The size that everybody quotes is the first.
        let sizes = [64] + Self.sizes.filter { $0 != 64 }
        let spinning = cpus.isOneCPU ? [] : [stream(64, .spin, peers: true)]
        return sizes.map { stream($0, peers: $0 <= Self.largestOfPeers) } + guests + spinning + [stream(64, .adaptive)]
    }

    /// Clients of other libraries, unchanged, each with its own server, with ours, and with as little as there can be: what a program
    /// gains that changes one side only.
    private var guests: [BenchmarkCase] {
        let hosts = Host.allCases.filter { hasLimits || $0 != .limit }
        return usualPeers(.stream, .block).compactMap(\.library).map { name, batch in
            let batches = [nil, batch]
            return work(
                "stream, blocking, 64 B, a client of \(name)", .stream,
                batches.map { .peer(name, batch: $0) } + hosts.flatMap { host in batches.map { .client(of: name, batch: $0, at: host) } })
        }
    }

    private func stream(_ size: Int, _ wait: WaitChoice = .block, peers: Bool = false) -> BenchmarkCase {
        let limits: Limits = size == 64 && wait == .block ? .all : .ofBackends
        return work(
            "stream, \(wait.participle), \(size) B", .stream,
            contenders(.stream, wait, size: size, limits: limits, peers: peers, automatic: size == 64)
                + (size == 64 && peers ? usualPeers(.stream, wait) : []),
            wait: wait, size: size, seconds: size == 64 ? seconds : shortSeconds)
    }

    var bursts: [BenchmarkCase] {
        guard profile == .full else { return [burst(1000, .block)] }
        let waits: [WaitChoice] = cpus.isOneCPU ? [.block] : [.block, .spin]
        return waits.flatMap { wait in [1, 10, 100, 1000, 10_000].map { burst($0, wait) } }
    }

    private func burst(_ messages: Int, _ wait: WaitChoice) -> BenchmarkCase {
        let scenario = ScenarioRun.Scenario.burst(messages: messages)
        return work(
            "burst of \(messages), \(wait.participle), 64 B", scenario,
            contenders(scenario, wait, limits: .all, peers: true, automatic: true) + (messages == 1 ? [] : usualPeers(scenario, wait)), wait: wait,
            seconds: messages == 1000 ? seconds : shortSeconds)
    }
}
