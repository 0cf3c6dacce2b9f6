import Testing

@testable import ringipc_bench

@Suite struct CaseResultsTests {
    private func record(_ contender: String, _ trial: Int, rate: Double, title: String = "stream, 64 B") -> TrialRecord {
        var result = ScenarioResult(scenario: "stream")
        result.messagesPerSecond = rate
        return TrialRecord(
            title: title, contender: contender, trial: trial, reference: contender == "epoll" ? "C epoll" : nil, result: result)
    }

    @Test func `a line of the results is read back as it was written`() throws {
        let record = record("epoll", 3, rate: 5)
        #expect(try JSONLine.decode(TrialRecord.self, from: JSONLine.encode(record)) == record)
    }

    @Test func `cases and contenders keep their order`() {
        let cases = CaseResults.grouped([
            record("epoll", 1, rate: 1), record("C epoll", 1, rate: 2), record("epoll", 1, rate: 1, title: "other"), record("epoll", 2, rate: 1),
        ])
        #expect(cases.map(\.title) == ["stream, 64 B", "other"])
        #expect(cases[0].contenders == ["epoll", "C epoll"])
        #expect(cases[0].trials(of: "epoll").count == 2)
    }

    @Test func `how much less another server takes for a library's client is told for each of its ways`() {
        var results = CaseResults(title: "stream")
        let contenders = [
            ("qt", 100.0), ("qt, batch 1", 3_000), ("qt → RingIPC", 20), ("qt, batch 1 → RingIPC", 600),
            ("qt → RingIPC, moderated", 10), ("qt, batch 1 → C recv", 300),
        ]
        for (contender, nanoseconds) in contenders {
            var result = ScenarioResult(scenario: "stream")
            result.cpuPerMessageOfServer = nanoseconds
            results.add(TrialRecord(title: "stream", contender: contender, trial: 1, result: result))
        }
        #expect(
            Summary.guests(of: results)
                == [
                    ("our server", "5.00 (5.00–5.00)", "qt"), ("our server with moderated wake-ups", "10.0 (10.0–10.0)", "qt"),
                    ("a loop of recv in C", "10.0 (10.0–10.0)", "qt, batch 1"), ("our server", "5.00 (5.00–5.00)", "qt, batch 1"),
                ].map { "For each message of the same client, \($0) takes \($1) times less CPU time than the server of \($2)." })
    }

    /// The third trial of the limit is missing: the trials that have a partner still make pairs.
    @Test func `ratios pair the trials by their number`() throws {
        let results = CaseResults.grouped([
            record("epoll", 1, rate: 5), record("C epoll", 1, rate: 10), record("C epoll", 2, rate: 40), record("epoll", 2, rate: 10),
            record("epoll", 3, rate: 100),
        ])[0]
        let ratio = try #require(results.ratioToLimit(of: "epoll", by: .rate))
        #expect(ratio.minimum == 0.25 && ratio.maximum == 0.5)
        #expect(results.ratioToLimit(of: "C epoll", by: .rate) == nil)
    }
}
