/// One table of a run: several contenders at the same work.
struct BenchmarkCase {
    let title: String
    var scenario: ScenarioRun.Scenario
    let wait: WaitChoice
    let size: Int
    /// Of a trial, without what goes before and after. What a scenario bounds by itself, such as an idle time, ignores it.
    let seconds: Double
    let cpus: CPUPair
    let trials: Int
    var contenders: [Contender]
    /// Messages that each peer hands over before it flushes, by its name.
    var batches: [String: Int] = [:]

    /// The same work with the schedule of a trial: each trial has its own arrivals, all contenders have those.
    func ofTrial(_ trial: Int) -> BenchmarkCase {
        guard case .rate(var load) = scenario else { return self }
        load.seed = UInt64(trial)
        var work = self
        work.scenario = .rate(load)
        return work
    }

    /// Messages of a trial, bursts or connections, where that is no matter of the contender's speed.
    var fixedCount: Int? {
        switch scenario {
        case .pingpong, .stream, .burst, .depth, .connect: nil
        case .rate(let load): load.count
        // Enough for a median where the pace is slow.
        case .pace(.every(let microseconds)): max(30, Int(seconds * 1e6) / microseconds)
        case .pace(.idle): PaceStep.idle.defaultCount
        case .fanin, .idle, .parse: 1
        }
    }

    /// Messages that a peer hands over before it flushes.
    func batch(of contender: Contender) -> Int? {
        contender.library.map { name, batch in batch ?? batches[name] ?? 1 }
    }
}
