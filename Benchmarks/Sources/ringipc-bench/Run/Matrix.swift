internal import ArgumentParser
internal import RingIPC

enum Profile: String, CaseIterable, ExpressibleByArgument {
    /// Less than two minutes.
    case quick
    /// More trials, longer ones, more sizes.
    case full

    var trials: Int { self == .quick ? 5 : 9 }
    /// Of cases that only complete the picture.
    var fewerTrials: Int { self == .quick ? 3 : 7 }
    var lengthFactor: Int { self == .quick ? 1 : 3 }
}

/// What a run measures, in this order.
struct Matrix {
    let profile: Profile
    /// Those that work here and were asked for.
    let backends: [BackendChoice]
    /// Whether the library's own choice is measured too, where it may do what no named backend does.
    let includesAutomatic: Bool
    let cpus: CPUPair
    let hasLimits: Bool

    var cases: [BenchmarkCase] { streams + roundTrips + fanins + (profile == .full ? paces + idles : []) }

    private var streams: [BenchmarkCase] {
        let sizes = profile == .quick ? [64, 8, 1024, 16_384] : [64, 8, 16, 32, 128, 256, 1024, 4096, 16_384, 65_536]
        return sizes.map { size in
            BenchmarkCase(
                title: "stream, \(size) B", scenario: .stream, wait: .adaptive, size: size,
                count: CommonOptions.streamCount(size: size) * profile.lengthFactor, cpus: cpus,
                trials: size == 64 ? profile.trials : profile.fewerTrials,
                contenders: contenders(limits: size == 64 ? ["bytes", "recv", "epoll", "uring"] : ["epoll", "uring"]))
        }
    }

    private var roundTrips: [BenchmarkCase] {
        let trials = profile.trials
        var cases = [
            roundTrip("blocking", .block, cpus, 6_000, trials, contenders(limits: Self.kinds("block"))),
            roundTrip("adaptive", .adaptive, cpus, 30_000, profile.fewerTrials, contenders(withAutomatic: true, limits: [])),
        ]
        if !cpus.isOneCPU {
            // On one CPU a process would spin while the other waits for its turn.
            let spinning = contenders(withAutomatic: true, limits: Self.kinds("spin"))
            cases.insert(roundTrip("spinning", .spin, cpus, 60_000, trials, spinning), at: 0)
            let one = CPUPair(client: cpus.server, server: cpus.server)
            let blocking = contenders(limits: Self.kinds("block"))
            cases.append(roundTrip("blocking on one CPU", .block, one, 30_000, profile.fewerTrials, blocking))
        }
        return cases
    }

    private func roundTrip(
        _ name: String, _ wait: WaitChoice, _ cpus: CPUPair, _ count: Int, _ trials: Int, _ contenders: [Contender]
    ) -> BenchmarkCase {
        BenchmarkCase(
            title: "round trip, \(name), 64 B", scenario: .pingpong, wait: wait, size: 64, count: count * profile.lengthFactor,
            cpus: cpus, trials: trials, contenders: contenders)
    }

    private var fanins: [BenchmarkCase] {
        let connections = profile == .quick ? [128, 1024] : [16, 128, 1024, 4096]
        return connections.map { connections in
            BenchmarkCase(
                title: "fan-in, \(connections) connections, 64 B",
                scenario: .fanin(connections: connections, seconds: profile == .quick ? 0.5 : 2),
                wait: .block, size: 64, count: 1, cpus: cpus, trials: profile.fewerTrials,
                contenders: contenders(limits: ["epoll", "uring"]))
        }
    }

    private var paces: [BenchmarkCase] {
        let waits: [(String, WaitChoice)] = [("blocking", .block), ("adaptive", .adaptive), ("spinning", .spin)]
        return PaceStep.all.flatMap { step in
            waits.filter { !cpus.isOneCPU || $0.1 != .spin }.map { name, wait in
                let pace = if case .every(let microseconds) = step { "every \(microseconds) µs" } else { "idle" }
                return BenchmarkCase(
                    title: "pace, \(pace), \(name), 64 B", scenario: .pace(step), wait: wait, size: 64, count: step.defaultCount,
                    cpus: cpus, trials: 3, contenders: contenders(limits: []))
            }
        }
    }

    private var idles: [BenchmarkCase] {
        [
            BenchmarkCase(
                title: "idle, 10,000 connections", scenario: .idle(connections: 10_000), wait: .adaptive, size: 64, count: 1,
                cpus: cpus, trials: 3, contenders: contenders(limits: []))
        ]
    }

    private static func kinds(_ wait: String) -> [String] { ["recv-\(wait)", "epoll-\(wait)", "uring-\(wait)"] }

    private func contenders(withAutomatic: Bool = false, limits: [String]) -> [Contender] {
        var all = backends.map { Contender.backend($0) }
        if withAutomatic && includesAutomatic && !backends.contains(.automatic) { all.append(.backend(.automatic)) }
        return all + (hasLimits ? limits.map { Contender.limit(kind: $0) } : [])
    }
}
