/// The trials of one case, by contender: what tables, pictures and comparisons are made of, in a run and from its files alike.
struct CaseResults: Equatable {
    let title: String
    /// By name, in the order in which they were met.
    private(set) var contenders: [String] = []
    private var records: [String: [TrialRecord]] = [:]

    init(title: String) { self.title = title }

    /// Records in the order of the file; cases in the order in which each was met.
    static func grouped(_ records: [TrialRecord]) -> [CaseResults] {
        var cases: [CaseResults] = []
        var places: [String: Int] = [:]
        for record in records {
            let place = places[record.title] ?? cases.count
            if place == cases.count {
                places[record.title] = place
                cases.append(CaseResults(title: record.title))
            }
            cases[place].add(record)
        }
        return cases
    }

    mutating func add(_ record: TrialRecord) {
        if records[record.contender] == nil { contenders.append(record.contender) }
        records[record.contender, default: []].append(record)
    }

    func trials(of contender: String) -> [ScenarioResult] { records[contender]?.map(\.result) ?? [] }

    /// Any trial: what all trials of the case have in common stands in it.
    var sample: ScenarioResult? { contenders.first.flatMap { records[$0]?.first?.result } }

    /// Its name, where it was measured too.
    func limit(of contender: String) -> String? {
        records[contender]?.first?.reference.flatMap { records[$0] == nil ? nil : $0 }
    }

    /// How much of what the C program with the same calls reaches is reached, trial by trial. 1 is all of it.
    func ratioToLimit(of contender: String, by measure: Measure) -> Spread? {
        limit(of: contender).flatMap { ratio(of: contender, to: $0, by: measure) }
    }

    /// How much better than `other`, from pairs of trials that followed each other.
    func ratio(of contender: String, to other: String, by measure: Measure) -> Spread? {
        Spread(ratios(of: contender, to: other, by: measure))
    }

    /// Above 1 `contender` is better.
    func ratios(of contender: String, to other: String, by measure: Measure) -> [Double] {
        let others = Dictionary((records[other] ?? []).map { ($0.trial, $0.result) }, uniquingKeysWith: { first, _ in first })
        return (records[contender] ?? []).compactMap { record in
            guard let own = measure.value(record.result), let theirs = others[record.trial].flatMap(measure.value) else { return nil }
            let (better, worse) = measure.moreIsBetter ? (own, theirs) : (theirs, own)
            return worse > 0 ? better / worse : nil
        }
    }
}
