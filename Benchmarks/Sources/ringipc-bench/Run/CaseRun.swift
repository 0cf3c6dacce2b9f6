internal import CBenchmark

/// The trials of one case: every contender in turn, then all of them again, so that whatever drifts meanwhile hits all alike.
struct CaseRun {
    let work: BenchmarkCase
    /// Contenders without further trials, with the reason.
    private(set) var dropped: [Contender: String]
    private(set) var results: CaseResults
    private var counts: [Contender: Int] = [:]
    private let estimate: Estimate

    /// - Parameter dropped: those that are known not to take part.
    init(_ work: BenchmarkCase, dropped: [Contender: String] = [:]) {
        self.work = work
        self.dropped = dropped
        results = CaseResults(title: work.title)
        estimate = Estimate(work: work)
    }

    mutating func run(progress: inout Progress, onTrial: (TrialRecord) throws -> Void) throws {
        for contender in dropped.keys where work.contenders.contains(contender) { progress.skip(estimate.seconds(of: contender)) }
        for trial in 1...work.trials {
            // Each second round goes backwards: what a contender leaves behind in the caches meets another one then.
            let order = trial.isMultiple(of: 2) ? work.contenders.reversed() : work.contenders
            for contender in order where dropped[contender] == nil {
                progress.show("\(contender.name), trial \(trial) of \(work.trials)", in: work.title)
                guard let result = try measure(contender, trial) else {
                    progress.skip(estimate.seconds(of: contender))
                    continue
                }
                progress.advance(by: trial == 1 ? estimate.firstTrial(of: contender) : estimate.trial)
                let record = TrialRecord(
                    title: work.title, contender: contender.name, trial: trial, reference: contender.reference(in: work)?.name,
                    result: result)
                results.add(record)
                try onTrial(record)
            }
        }
    }

    /// System calls are counted in the first trial only: they do not change, and counting takes a trial of its own. A contender that
    /// is not ours and fails has no further trials, and the reason is told.
    private mutating func measure(_ contender: Contender, _ trial: Int) throws -> ScenarioResult? {
        do {
            try Interruption.check()
            let work = work.ofTrial(trial)
            let count = try counts[contender] ?? Calibration(work: work, contender: contender).count()
            counts[contender] = count
            return try Trial(work: work, contender: contender, count: count, countsCalls: trial == 1).measure()
        } catch {
            // Whatever has failed, has failed because it was ended.
            try Interruption.check()
            guard !contender.isOurs else {
                throw BenchmarkFailure("\(work.title), \(contender.name), trial \(trial): \(error)")
            }
            dropped[contender] = trial == 1 ? "\(error)" : "trial \(trial): \(error)"
            return nil
        }
    }
}

/// SIGINT or SIGTERM: the run ends, and what was measured stays.
struct Interruption: Error {
    static func check() throws { if bench_end_requested() { throw Interruption() } }
}
