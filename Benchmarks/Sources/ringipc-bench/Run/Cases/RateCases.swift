/// The open loop: rates that climb until a contender no longer follows.
extension Matrix {
    private var ladder: [Double] {
        profile == .quick ? [1e4, 1e5, 1e6] : [1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7]
    }

    var rates: [BenchmarkCase] {
        // Where the client spins between the due times, a server on its CPU would never run.
        guard !cpus.isOneCPU else { return [] }
        guard profile == .full else { return ladder.map { rate($0, .poisson, .oneWay, peers: false) } }
        let directions = RateLoad.Direction.allCases
        return directions.flatMap { direction in ladder.map { rate($0, .poisson, direction, peers: true) } }
            + directions.flatMap { direction in ladder.map { rate($0, .fixed, direction, peers: false) } }
    }

    private func rate(
        _ perSecond: Double, _ schedule: RateLoad.Schedule, _ direction: RateLoad.Direction, peers: Bool
    ) -> BenchmarkCase {
        // A low rate needs more time for as many messages.
        let length = profile == .full && perSecond < 1e4 ? seconds : shortSeconds
        let load = RateLoad(perSecond: perSecond, schedule: schedule, direction: direction, seconds: length)
        let scenario = ScenarioRun.Scenario.rate(load)
        let title = "rate, \(direction.rawValue), \(schedule.rawValue), \(Figure.number(perSecond)) a second, blocking, 64 B"
        return work(title, scenario, contenders(scenario, peers: peers), seconds: length)
    }
}

/// The rates of one schedule and direction, which a contender climbs until it is saturated.
struct Ladder: Hashable {
    let schedule: RateLoad.Schedule
    let direction: RateLoad.Direction
    let wait: WaitChoice
    let size: Int

    init?(_ work: BenchmarkCase) {
        guard case .rate(let load) = work.scenario else { return nil }
        schedule = load.schedule
        direction = load.direction
        wait = work.wait
        size = work.size
    }
}
