internal import ArgumentParser
internal import RingIPC

enum Profile: String, CaseIterable, ExpressibleByArgument {
    /// Less than two minutes.
    case quick
    /// Less than forty-five: longer trials, more sizes, and every scenario.
    case full
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
    /// Other libraries that are there.
    var peers: [PeerAbout] = []
    /// Seconds of a trial; by default those of the profile.
    var trialSeconds: Double?
    /// Parts of titles: only cases that have one of them are measured. All are when there is none.
    var selection: [String] = []

    /// The fewest trials whose least and greatest hold the median with 95 % certainty are six. Seven have a trial in the middle.
    static let trials = 7

    /// The sweeps go first: what they find is used after them.
    var cases: [BenchmarkCase] {
        all.filter { work in selection.isEmpty || selection.contains(where: work.title.contains) }
    }

    private var all: [BenchmarkCase] {
        switch profile {
        case .quick: streams + roundTrips + bursts + rates + depths + fanins
        case .full: sweeps + streams + roundTrips + bursts + rates + depths + fanins + connects + idles + paces + parses
        }
    }

    var seconds: Double { trialSeconds ?? (profile == .quick ? 0.07 : 0.12) }

    /// Of trials of which there are many.
    var shortSeconds: Double { min(seconds, trialSeconds ?? 0.08) }

    func work(
        _ title: String, _ scenario: ScenarioRun.Scenario, _ contenders: [Contender], wait: WaitChoice = .block, size: Int = 64,
        seconds: Double? = nil, cpus: CPUPair? = nil
    ) -> BenchmarkCase {
        BenchmarkCase(
            title: title, scenario: scenario, wait: wait, size: size, seconds: seconds ?? self.seconds, cpus: cpus ?? self.cpus,
            trials: Self.trials, contenders: contenders)
    }

    // MARK: who takes part

    enum Limits {
        case none
        /// Each kind that makes the calls of a backend.
        case ofBackends
        case all
    }

    /// Only those that wait in this way.
    func contenders(
        _ scenario: ScenarioRun.Scenario, _ wait: WaitChoice = .block, limits: Limits = .ofBackends, peers: Bool = false,
        automatic: Bool = false
    ) -> [Contender] {
        var all = backends.map { Contender.backend($0) }
        if automatic && includesAutomatic && !backends.contains(.automatic) { all.append(.backend(.automatic)) }
        if hasLimits { all += kinds(scenario, wait, limits).map { .limit(kind: $0) } }
        return all + (peers ? self.peers(that: scenario.name, wait).map { .peer($0.peer) } : [])
    }

    /// Peers as their programs usually are, beside what they can do at best.
    func usualPeers(_ scenario: ScenarioRun.Scenario, _ wait: WaitChoice) -> [Contender] {
        peers(that: scenario.name, wait).filter { PeerProgram.named($0.peer)?.sendsOneByOne ?? false }.map { .peer($0.peer, batch: 1) }
    }

    func peers(that scenario: String, _ wait: WaitChoice) -> [PeerAbout] {
        peers.filter { $0.scenarios.contains(scenario) && $0.waits.contains(wait.rawValue) }
    }

    /// A C program blocks or spins.
    private func kinds(_ scenario: ScenarioRun.Scenario, _ wait: WaitChoice, _ limits: Limits) -> [String] {
        guard wait == .block || wait == .spin, limits != .none, let program = LimitRun.scenario(of: scenario) else { return [] }
        let ofBackends = [BackendChoice.epoll, .ioUring].compactMap { LimitRun.kind(of: $0, wait: wait, in: scenario) }
        guard limits == .all else { return program.kinds.filter(ofBackends.contains) }
        let other = wait == .spin ? "-block" : "-spin"
        return program.kinds.filter { !$0.hasSuffix(other) }
    }
}

extension WaitChoice {
    /// In titles.
    var participle: String {
        switch self {
        case .block: "blocking"
        case .spin: "spinning"
        case .adaptive: "adaptive"
        case .moderated: "moderated"
        }
    }
}
