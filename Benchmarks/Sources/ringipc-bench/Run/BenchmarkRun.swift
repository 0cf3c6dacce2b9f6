/// All cases, one after the other, with what one case teaches those after it.
struct BenchmarkRun {
    private let cases: [BenchmarkCase]
    private var progress: Progress
    private var batches: [String: Int]
    /// What each contender could no longer follow.
    private var saturated: [Ladder: [Contender: String]] = [:]
    /// Case, contender, reason.
    private(set) var notMeasured: [String: [String: String]] = [:]
    private(set) var trialsDone = 0

    /// An open loop in which less than this share of what was offered got through is one that does not follow...
    private static let followingShare = 0.95
    /// ...beyond so many standard deviations of the number of random arrivals in the time.
    private static let deviations = 2.0
    /// Where nobody has found a better one.
    private static let usualBatch = 256

    init(_ matrix: Matrix) {
        cases = matrix.cases
        progress = Progress(seconds: cases.map { Estimate(work: $0).seconds }.reduce(0, +))
        batches = Dictionary(
            matrix.peers.map { ($0.peer, $0.batch(near: Self.usualBatch)) }, uniquingKeysWith: { first, _ in first })
    }

    var trialsPlanned: Int { cases.map { $0.trials * $0.contenders.count }.reduce(0, +) }

    mutating func measure(onTrial: (TrialRecord) throws -> Void, onCase: (CaseResults) throws -> Void) throws {
        defer { progress.end() }
        for var work in cases {
            work.batches = batches
            var run = CaseRun(work, dropped: Ladder(work).flatMap { saturated[$0] } ?? [:])
            let end = Result {
                try run.run(progress: &progress) { record in
                    trialsDone += 1
                    try onTrial(record)
                }
            }
            note(run)
            try onCase(run.results)
            try end.get()
            learn(from: run)
        }
    }

    private mutating func note(_ run: CaseRun) {
        for (contender, reason) in run.dropped where run.work.contenders.contains(contender) {
            notMeasured[run.work.title, default: [:]][contender.name] = reason
        }
    }

    private mutating func learn(from run: CaseRun) {
        for (peer, batch) in Self.bestBatches(run.work, run.results) { batches[peer] = batch }
        guard let ladder = Ladder(run.work), case .rate(let load) = run.work.scenario else { return }
        for contender in run.work.contenders where Self.isSaturated(run.results.trials(of: contender.name)) {
            saturated[ladder, default: [:]][contender] = "saturated at \(Figure.number(load.perSecond)) a second"
        }
    }

    /// Of a case whose contenders differ by their batches. A peer that works with its best one there, too, teaches nothing.
    static func bestBatches(_ work: BenchmarkCase, _ results: CaseResults) -> [String: Int] {
        var best: [String: (batch: Int, rate: Double)] = [:]
        for case .peer(let name, let batch?) in work.contenders where !work.contenders.contains(.peer(name)) {
            let contender = Contender.peer(name, batch: batch).name
            guard let rate = Spread(results.trials(of: contender).compactMap(\.messagesPerSecond))?.median else { continue }
            if rate > best[name]?.rate ?? 0 { best[name] = (batch, rate) }
        }
        return best.mapValues(\.batch)
    }

    static func isSaturated(_ trials: [ScenarioResult]) -> Bool {
        let missing = trials.compactMap { trial -> Double? in
            guard let offered = trial.offeredPerSecond, let achieved = trial.messagesPerSecond, let count = trial.count else { return nil }
            return followingShare - deviations / Double(count).squareRoot() - achieved / offered
        }
        return Spread(missing).map { $0.median > 0 } ?? false
    }
}
