/// The trials of one case: every contender in turn, then all of them again, so that whatever drifts meanwhile hits all alike.
struct CaseRun {
    let work: BenchmarkCase
    private(set) var results: [Contender: [ScenarioResult]] = [:]
    /// C programs that do not run here, with the reason.
    private(set) var dropped: [Contender: String] = [:]

    init(_ work: BenchmarkCase) { self.work = work }

    /// Contenders that have results, in their order.
    var contenders: [Contender] { work.contenders.filter { results[$0] != nil } }

    mutating func run(progress: inout Progress, onTrial: (TrialRecord) throws -> Void) throws {
        for trial in 1...work.trials {
            // Each second round goes backwards: what a contender leaves behind in the caches meets another one then.
            let order = trial.isMultiple(of: 2) ? work.contenders.reversed() : work.contenders
            for contender in order {
                progress.step("\(work.title) · \(contender.name) · trial \(trial) of \(work.trials)")
                guard dropped[contender] == nil, let result = try measure(contender, trial) else { continue }
                results[contender, default: []].append(result)
                try onTrial(TrialRecord(
                        title: work.title, contender: contender.name, trial: trial, reference: contender.reference(in: work)?.name,
                        result: result))
            }
        }
    }

    /// System calls are counted in the first trial only: they do not change, and counting takes a trial of its own.
    private mutating func measure(_ contender: Contender, _ trial: Int) throws -> ScenarioResult? {
        do {
            return try contender.measure(work, counting: trial == 1)
        } catch {
            guard case .limit = contender, trial == 1 else {
                throw BenchmarkFailure("\(work.title), \(contender.name), trial \(trial): \(error)")
            }
            dropped[contender] = "\(error)"
            return nil
        }
    }

    /// How much of what the C program with the same calls reaches is reached, trial by trial. 1 is all of it.
    func ratioToLimit(of contender: Contender) -> Spread? {
        contender.reference(in: work).flatMap { ratio(of: contender, to: $0) }
    }

    /// How much better than `other`, trial by trial, by the figure that the case is about.
    func ratio(of contender: Contender, to other: Contender) -> Spread? {
        guard let own = results[contender], let theirs = results[other], own.count == theirs.count else { return nil }
        let measure = Measure.columns(of: work.scenario.name)[0]
        let ownValues = own.compactMap(measure.value)
        let otherValues = theirs.compactMap(measure.value)
        guard ownValues.count == otherValues.count else { return nil }
        return measure.moreIsBetter
            ? Spread(ratiosOf: ownValues, to: otherValues) : Spread(ratiosOf: otherValues, to: ownValues)
    }
}
