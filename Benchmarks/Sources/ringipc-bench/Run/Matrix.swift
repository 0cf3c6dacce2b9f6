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
    let backends: [MeasuredBackend]
    /// Nobody has said which. Then the library's own choice is measured too, where it may do what no named backend does.
    let choosesBackends: Bool
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
        /// Each kind that makes the calls of a backend.
        case ofBackends
        case all
    }

    /// Only those that wait in this way.
    func contenders(
        _ scenario: ScenarioRun.Scenario, _ wait: WaitChoice = .block, size: Int = 64, limits: Limits = .ofBackends, peers: Bool = false,
        automatic: Bool = false
    ) -> [Contender] {
        var ours = backends.filter { $0 != .sharedMemory || sharesMemory(scenario, wait, size) }
        if automatic && choosesBackends && !ours.contains(.automatic) { ours.append(.automatic) }
        var all = ours.map { Contender.backend($0) }
        if hasLimits { all += kinds(scenario, wait, limits, of: ours).map { .limit(kind: $0) } }
        return all + (peers ? self.peers(that: scenario.name, wait).map { .peer($0.peer) } : [])
    }

    /// Peers as their programs usually are, beside what they can do at best.
    func usualPeers(_ scenario: ScenarioRun.Scenario, _ wait: WaitChoice) -> [Contender] {
        peers(that: scenario.name, wait).filter { PeerProgram.named($0.peer)?.sendsOneByOne ?? false }.map { .peer($0.peer, batch: 1) }
    }

    func peers(that scenario: String, _ wait: WaitChoice) -> [PeerAbout] {
        peers.filter { $0.scenarios.contains(scenario) && $0.waits.contains(wait.rawValue) }
    }

    /// Those that share memory stand beside the library only where it does.
    private func kinds(
        _ scenario: ScenarioRun.Scenario, _ wait: WaitChoice, _ limits: Limits, of ours: [MeasuredBackend]
    ) -> [String] {
        guard let program = LimitRun.scenario(of: scenario) else { return [] }
        let wanted = [.epoll, .ioUring] + (ours.contains(.sharedMemory) ? [MeasuredBackend.sharedMemory] : [])
        let ofBackends = wanted.compactMap { LimitRun.kind(of: $0, wait: wait, in: scenario) }
        return program.kinds(wait).filter { ofBackends.contains($0) || limits == .all && !$0.hasPrefix("shared") }
    }

    /// Where nobody has said which backends, shared memory takes part where it says most for its time.
    private func sharesMemory(_ scenario: ScenarioRun.Scenario, _ wait: WaitChoice, _ size: Int) -> Bool {
        guard choosesBackends else { return true }
        switch scenario {
        case .stream: return profile == .full || size == 64
        case .pingpong: return profile == .full || wait == .spin
        case .fanin(let connections, _): return profile == .full && connections <= Self.mostLanes
        case .idle(let connections): return profile == .full && connections <= 10 * Self.mostLanes
        case .burst, .rate, .depth, .connect: return profile == .full
        case .pace, .parse: return false
        }
    }

    /// A connection's rings take up to ten mappings in each process, of which the kernel allows 65,530.
    private static let mostLanes = 128
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
