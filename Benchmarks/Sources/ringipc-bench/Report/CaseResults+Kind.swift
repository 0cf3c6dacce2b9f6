/// What kind of work a case was, read from its trials: tables and pictures pick their cases by that.
extension CaseResults {
    var scenario: String { sample?.scenario ?? "" }

    /// The figure by which contenders are compared.
    var measure: Measure { Measure.columns(of: scenario)[0] }

    /// How the two processes waited; that of the library, where it took part.
    var wait: String? { contenders.lazy.compactMap { trials(of: $0).first?.wait }.first }

    /// Both processes in turn on one CPU: the work is that of another case, the figures are not.
    var isOnOneCPU: Bool { title.contains("one CPU") }

    func isOurs(_ contender: String) -> Bool { !isLimit(contender) && !isPeer(contender) }

    func isLimit(_ contender: String) -> Bool { trials(of: contender).first?.kind != nil }

    func isPeer(_ contender: String) -> Bool { trials(of: contender).first?.peer != nil }

    /// The library of a contender that is none of ours.
    func library(of contender: String) -> String? { trials(of: contender).first?.peer }

    var ours: [String] { contenders.filter(isOurs) }

    var limits: [String] { contenders.filter(isLimit) }

    var peers: [String] { contenders.filter(isPeer) }

    func median(of contender: String) -> Double? { measure.spread(trials(of: contender))?.median }

    func isBetter(_ value: Double, than other: Double) -> Bool { measure.moreIsBetter ? value > other : value < other }

    func best(of some: [String]) -> String? {
        some.compactMap { name in median(of: name).map { (name, $0) } }.reduce(nil as (String, Double)?) { best, next in
            best.map { isBetter(next.1, than: $0.1) ? next : $0 } ?? next
        }?.0
    }
}

extension [CaseResults] {
    /// The first one of this kind with other libraries in it; without, where there is none.
    func first(_ scenario: String, wait: String? = nil, where matches: (ScenarioResult) -> Bool = { _ in true }) -> CaseResults? {
        let found = all(scenario, wait: wait, where: matches)
        return found.first { !$0.peers.isEmpty } ?? found.first
    }

    /// The messages of most cases; a case with another size is about the size.
    static var usualSize: (ScenarioResult) -> Bool { { $0.size == 64 } }

    var stream: CaseResults? { first("stream", where: Self.usualSize) }

    func roundTrip(_ wait: String) -> CaseResults? { first("pingpong", wait: wait, where: Self.usualSize) }

    func burst(_ messages: Int, _ wait: String) -> CaseResults? { first("burst", wait: wait) { $0.burst == messages } }

    /// Those of this kind in which the library took part, with a CPU for each side.
    func all(_ scenario: String, wait: String? = nil, where matches: (ScenarioResult) -> Bool = { _ in true }) -> [CaseResults] {
        filter { work in
            work.scenario == scenario && (wait == nil || work.wait == wait) && !work.isOnOneCPU && !work.ours.isEmpty
                && work.sample.map(matches) == true
        }
    }
}
