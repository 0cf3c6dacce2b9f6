internal import RingIPC

/// Many connections at once, or one after the other.
extension Matrix {
    var fanins: [BenchmarkCase] {
        let connections = profile == .quick ? [128, 1024] : [1, 4, 16, 64, 128, 256, 1024, 4096]
        return connections.map { connections in
            let scenario = ScenarioRun.Scenario.fanin(connections: connections, seconds: seconds)
            let many = connections == 1 ? "1 connection" : "\(connections) connections"
            return work("fan-in, \(many), 64 B", scenario, contenders(scenario, peers: profile == .full))
        }
    }

    var connects: [BenchmarkCase] { [work("connect, 64 B", .connect, contenders(.connect, peers: true))] }

    var idles: [BenchmarkCase] {
        // Libraries that give `poll` a list of all descriptors take minutes to open ten thousand.
        [(1_000, true), (10_000, false)].map { connections, peers in
            let scenario = ScenarioRun.Scenario.idle(connections: connections)
            return work("idle, \(Figure.number(Double(connections))) connections", scenario, contenders(scenario, peers: peers))
        }
    }
}
