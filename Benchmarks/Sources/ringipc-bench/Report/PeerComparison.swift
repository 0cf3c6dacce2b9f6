/// Other libraries beside ours: how much faster ours is, and where it is not.
struct PeerComparison {
    let results: ResultFolder

    /// The work that the comparison is about, blocking and spinning apart.
    var cases: [CaseResults] {
        let cases = results.cases
        return [cases.stream, cases.burst(1000, "block"), cases.roundTrip("block"), cases.roundTrip("spin")].compactMap { $0 }
            .filter { !$0.peers.isEmpty }
    }

    func table(of work: CaseResults) -> Table {
        let delays = Measure.delays.filter { delay in work.peers.contains { delay.spread(work.trials(of: $0)) != nil } }
        // Where messages go one by one there is nothing to batch.
        let hasBatches = ["stream", "burst"].contains(work.scenario) && work.peers.contains { batch(of: $0, in: work) != nil }
        var table = Table(
            ["library", "version"] + (hasBatches ? ["batch"] : []) + [work.measure.title] + delays.map(\.title)
                + work.ours.map { "\($0) is faster ×" }, textColumns: 2)
        for contender in work.ours + work.peers {
            let isPeer = work.isPeer(contender)
            table.add(
                [contender, isPeer ? version(of: contender, in: work) : "ours"]
                    + (hasBatches ? [isPeer ? batch(of: contender, in: work).map(String.init) ?? "" : ""] : [])
                    + [work.cell(contender, work.measure)] + delays.map { $0.cell(work.trials(of: contender)) }
                    + work.ours.map { isPeer ? advantage(of: $0, over: contender, in: work) : "" })
        }
        return table
    }

    /// The name of a contender with the version of its library.
    func versioned(_ contender: String) -> String {
        let version = cases.lazy.map { self.version(of: contender, in: $0) }.first { !$0.isEmpty }
        return version.map { "\(contender), \($0)" } ?? contender
    }

    private func version(of contender: String, in work: CaseResults) -> String {
        work.library(of: contender).flatMap { results.environment.peers?[$0] } ?? ""
    }

    private func batch(of peer: String, in work: CaseResults) -> Int? { work.trials(of: peer).first?.batch }

    /// How many times faster, with a word where that is not clear or not so.
    private func advantage(of contender: String, over peer: String, in work: CaseResults) -> String {
        guard let ratio = work.ratio(of: contender, to: peer, by: work.measure) else { return "" }
        let text = ratio.text(Figure.number)
        return ratio.high < 1 ? "\(text), \(peer) is faster" : ratio.low <= 1 ? "\(text), not clear" : text
    }

    /// A line for each figure by which another library is beyond doubt better than one of ours, in whatever case.
    var wins: [String] {
        compared.flatMap { work in
            work.peers.flatMap { peer in
                work.ours.compactMap { contender in
                    guard let ratio = work.ratio(of: peer, to: contender, by: work.measure), ratio.low > 1 else { return nil }
                    return "\(work.title): \(peer) is \(ratio.text(Figure.number)) times as fast as \(contender)"
                }
            }
        }
    }

    /// The cases that have us and other libraries.
    var compared: [CaseResults] { results.cases.filter { !$0.peers.isEmpty && !$0.ours.isEmpty } }

    /// Known libraries without a single figure here.
    var missing: [String] {
        let measured = Set(results.cases.flatMap { work in work.peers.compactMap(work.library) })
        return (results.environment.peers ?? [:]).sorted { $0.key < $1.key }.filter { !measured.contains($0.key) }
            .map { "\($0.key): \($0.value)" }
    }

    static let explanation = """
        How many times faster ours is: the median of the ratios trial by trial, with its interval; below 1 the other library is faster. \
        Each library works with the batch that was best for it, or with the one in its name: "batch 1" waits until each message has left, \
        as programs on that library usually do. The delay of a stream is from the call that sends a message until it \
        was handled.
        """

    /// Where another library wins, in a sentence.
    var verdict: String {
        wins.isEmpty
            ? "In none of the \(compared.count) cases with other libraries is one of them faster than one of our backends beyond its interval."
            : "Where another library is faster than one of our backends beyond its interval:"
    }
}
