/// One figure of two runs: that of a contender in a case, by the measure that the case is about.
struct Comparison {
    enum Verdict: String, Codable {
        case faster, slower
        case noDifference = "no difference"
        /// No interval of these trials says enough.
        case tooFewTrials = "too few trials"
    }

    let title: String
    let contender: String
    /// Above 1 the second run is better.
    let change: RatioInterval
    /// The same of what each run reached in proportion to its C program: a machine that was slower meanwhile cancels out.
    let changeToLimit: RatioInterval?
    let verdict: Verdict

    /// - Parameter tolerance: 0.05 is 5 %: an interval has to lie beyond it, whole, before a difference counts.
    init?(_ contender: String, in first: CaseResults, and second: CaseResults, tolerance: Double) {
        let measure = Measure.columns(of: first.sample?.scenario ?? "")[0]
        let values = [first, second].map { $0.trials(of: contender).compactMap(measure.value).filter { $0 > 0 } }
        let (better, worse) = measure.moreIsBetter ? (values[1], values[0]) : (values[0], values[1])
        guard let change = RatioInterval(of: better, to: worse) else { return nil }
        title = first.title
        self.contender = contender
        self.change = change
        changeToLimit = Self.changeToLimit(contender, first, second, measure)
        verdict = Self.verdict(change, tolerance: tolerance)
    }

    private static func changeToLimit(
        _ contender: String, _ first: CaseResults, _ second: CaseResults, _ measure: Measure
    ) -> RatioInterval? {
        guard let limit = first.limit(of: contender), second.limit(of: contender) == limit else { return nil }
        return RatioInterval(
            of: second.ratios(of: contender, to: limit, by: measure), to: first.ratios(of: contender, to: limit, by: measure))
    }

    /// The bounds are reciprocal, so that an exchange of the two runs exchanges `faster` and `slower`.
    static func verdict(_ change: RatioInterval, tolerance: Double) -> Verdict {
        if change.coverage < RatioInterval.wantedCoverage { return .tooFewTrials }
        if change.low > 1 + tolerance { return .faster }
        return change.high < 1 / (1 + tolerance) ? .slower : .noDifference
    }
}

/// All figures that two runs have in common.
struct FolderComparison {
    let comparisons: [Comparison]
    /// What only one run has, in words.
    let unmatched: [String]
    /// What makes the two runs hard to compare.
    let warnings: [String]

    init(_ first: ResultFolder, _ second: ResultFolder, tolerance: Double) {
        let others = Dictionary(second.cases.map { ($0.title, $0) }, uniquingKeysWith: { first, _ in first })
        comparisons = first.cases.flatMap { work in
            others[work.title].map { other in
                work.contenders.compactMap { Comparison($0, in: work, and: other, tolerance: tolerance) }
            } ?? []
        }
        unmatched = Self.only(first, without: second) + Self.only(second, without: first)
        warnings = Self.warnings(first.environment, second.environment)
    }

    var hasSlower: Bool { comparisons.contains { $0.verdict == .slower } }

    /// Cases, and contenders of common cases.
    private static func only(_ folder: ResultFolder, without other: ResultFolder) -> [String] {
        let others = Dictionary(other.cases.map { ($0.title, $0.contenders) }, uniquingKeysWith: { first, _ in first })
        return folder.cases.flatMap { work -> [String] in
            guard let contenders = others[work.title] else { return ["only in \(folder.path): \(work.title)"] }
            return work.contenders.filter { !contenders.contains($0) }.map { "only in \(folder.path): \(work.title), \($0)" }
        }
    }

    private static func warnings(_ first: Environment, _ second: Environment) -> [String] {
        let facts = [
            ("CPU", first.cpuModel, second.cpuModel), ("number of CPUs", "\(first.cpuCount)", "\(second.cpuCount)"),
            ("kernel", first.kernel, second.kernel), ("profile", first.profile, second.profile),
        ]
        let differences = facts.filter { $0.1 != $0.2 }.map { fact, own, other in
            "the runs differ in their \(fact): \(own ?? "unknown") and \(other ?? "unknown")"
        }
        return differences + [first, second].compactMap(\.note).map { "a run is not whole: \($0)" }
    }
}
