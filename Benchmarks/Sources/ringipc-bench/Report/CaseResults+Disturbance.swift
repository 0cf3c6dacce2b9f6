/// Trials that something else on the machine has disturbed. They stay in every median; a reader is told.
extension CaseResults {
    /// Behind a figure whose trials were mostly disturbed.
    static let mark = "†"

    func disturbedTrials(of contender: String) -> Int { trials(of: contender).count { $0.disturbances?.isEmpty == false } }

    func isMostlyDisturbed(_ contender: String) -> Bool {
        2 * disturbedTrials(of: contender) > trials(of: contender).count
    }

    /// The figure of a contender, marked where it should be read with care.
    func cell(_ contender: String, _ measure: Measure) -> String {
        let text = measure.cell(trials(of: contender))
        return text.isEmpty || !measure.showsSpread || !isMostlyDisturbed(contender) ? text : "\(text) \(Self.mark)"
    }

    /// A sentence for each contender whose figures are marked.
    var disturbanceNotes: [String] {
        contenders.filter(isMostlyDisturbed).map { contender in
            let reasons = trials(of: contender).compactMap(\.disturbances?.first)
            let (disturbed, all) = (disturbedTrials(of: contender), trials(of: contender).count)
            return "\(Self.mark) \(contender): \(disturbed) of \(all) trials disturbed, for example by \(reasons.first ?? "")"
        }
    }
}
