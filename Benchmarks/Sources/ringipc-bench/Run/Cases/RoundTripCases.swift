internal import RingIPC

/// Requests and their answers.
extension Matrix {
    var roundTrips: [BenchmarkCase] {
        var cases = [roundTrip(64, .block, peers: true), roundTrip(64, .adaptive)]
        // On one CPU a process would spin while the other waits for its turn.
        if !cpus.isOneCPU { cases = [roundTrip(64, .spin, peers: true)] + cases + [onOneCPU] }
        guard profile == .full else { return cases }
        let sizes = Self.sizes.filter { $0 != 64 }
        cases += sizes.map { roundTrip($0, .block, peers: $0 <= Self.largestOfPeers) }
        return cpus.isOneCPU ? cases : cases + sizes.map { roundTrip($0, .spin) }
    }

    private var onOneCPU: BenchmarkCase {
        work(
            "round trip, blocking on one CPU, 64 B", .pingpong, contenders(.pingpong, limits: .all, peers: true),
            cpus: CPUPair(client: cpus.server, server: cpus.server))
    }

    private func roundTrip(_ size: Int, _ wait: WaitChoice, peers: Bool = false) -> BenchmarkCase {
        let all = contenders(
            .pingpong, wait, size: size, limits: size == 64 ? .all : .ofBackends, peers: peers, automatic: size == 64)
        return work(
            "round trip, \(wait.participle), \(size) B", .pingpong, all, wait: wait, size: size,
            seconds: size == 64 ? seconds : shortSeconds)
    }

    var depths: [BenchmarkCase] {
        let depths = profile == .quick ? [16] : [1, 2, 4, 8, 16, 32, 64, 128, 256]
        return depths.map { depth in
            let scenario = ScenarioRun.Scenario.depth(depth)
            let requests = depth == 1 ? "1 request" : "\(depth) requests"
            return work(
                "\(requests) in flight, blocking, 64 B", scenario, contenders(scenario, peers: profile == .full), seconds: shortSeconds)
        }
    }

    var paces: [BenchmarkCase] {
        PaceStep.all.flatMap { step in
            [WaitChoice.block, .adaptive, .spin].filter { !cpus.isOneCPU || $0 != .spin }.map { wait in
                let pace = if case .every(let microseconds) = step { "every \(microseconds) µs" } else { "idle" }
                return work("pace, \(pace), \(wait.participle), 64 B", .pace(step), contenders(.pace(step), wait), wait: wait)
            }
        }
    }

    var parses: [BenchmarkCase] {
        [8, 64, 1024].map { size in
            let contenders = [Contender.library] + (hasLimits ? [.limit(kind: "parse")] : [])
            return work("parse, \(size) B", .parse, contenders, size: size)
        }
    }
}
