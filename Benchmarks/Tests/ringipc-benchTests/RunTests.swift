import Foundation
import Glibc
import Testing

@testable import ringipc_bench

@Suite struct DisturbanceTests {
    private let pair = CPUPair(client: 0, server: 1)

    private func result(_ set: (inout ScenarioResult) -> Void) -> ScenarioResult {
        var result = ScenarioResult(scenario: "stream")
        result.seconds = 0.5
        set(&result)
        return result
    }

    @Test func `an undisturbed trial has no mark`() {
        let quiet = result {
            $0.stealNanoseconds = 10_000_000
            $0.migrations = 0
            $0.involuntarySwitches = 250
        }
        #expect(Disturbance.all(of: quiet, seconds: 0.6, cpus: pair).isEmpty)
        #expect(Disturbance.all(of: ScenarioResult(scenario: "stream"), seconds: 1, cpus: pair).isEmpty)
    }

    @Test func `each threshold has its own words`() {
        let loud = result {
            $0.stealNanoseconds = 60_000_000
            $0.migrations = 2
            $0.involuntarySwitches = 300
        }
        #expect(
            Disturbance.all(of: loud, seconds: 1, cpus: pair)
                == ["steal 3.0 % of the CPU time", "2 migrations", "600 involuntary switches a second"])
    }

    @Test func `who shares a CPU or has threads of its own preempts itself`() {
        let busy = result { $0.involuntarySwitches = 1000 }
        #expect(Disturbance.all(of: busy, seconds: 1, cpus: CPUPair(client: 0, server: 0)).isEmpty)
        let threaded = result {
            $0.involuntarySwitches = 1000
            $0.peer = "zeromq"
        }
        #expect(Disturbance.all(of: threaded, seconds: 1, cpus: pair).isEmpty)
    }

    @Test func `steal is the eighth number of a CPU's line`() {
        let text = "cpu  1 2 3 4 5 6 7 30 0 0\ncpu0 1 2 3 4 5 6 7 10 0 0\ncpu1 1 2 3 4 5 6 7 20 0 0\nintr 5\n"
        #expect(StealClock.ticks(of: [1], in: text) == 20)
        #expect(StealClock.ticks(of: [0, 1], in: text) == 30)
    }
}

@Suite struct ProgressTests {
    @Test func `what is left follows the estimate at first, then what was measured`() {
        #expect(Progress.state(done: 0, of: 100, elapsed: 0) == "[0 %, 1 min 40 s left]")
        #expect(Progress.state(done: 50, of: 100, elapsed: 25) == "[50 %, 25 s left]")
        #expect(Progress.state(done: 100, of: 100, elapsed: 80) == "[100 %, 0 s left]")
    }
}

@Suite struct PercentileTableTests {
    private func trial(_ histogram: String?, disturbed: Bool = false) -> ScenarioResult {
        var result = ScenarioResult(scenario: "pingpong")
        result.histogram = histogram
        result.disturbances = disturbed ? ["2 migrations"] : nil
        return result
    }

    @Test func `trials are merged, disturbed ones only where there are no others`() throws {
        let table = try #require(try PercentileTable(trials: [trial("1000:2 2000:1"), trial("1000:1"), trial("9000:100", disturbed: true)]))
        #expect(table.text.contains("Total count    =            4]"))
        #expect(table.text.contains("#[Max     =        2.000,"))
        let disturbed = try #require(try PercentileTable(trials: [trial("9000:100", disturbed: true)]))
        #expect(disturbed.text.contains("Total count    =          100]"))
        #expect(try PercentileTable(trials: [trial(nil)]) == nil)
    }

    @Test func `names of files have letters, digits and dashes`() {
        #expect("round trip, spinning, 64 B".slug == "round-trip-spinning-64-b")
        #expect("C epoll-block".slug == "c-epoll-block")
        #expect("idle, 10,000 connections".slug == "idle-10-000-connections")
        #expect("pace, every 10 µs".slug == "pace-every-10-s")
    }
}

@Suite struct BenchmarkRunTests {
    private func results(_ rates: [(String, [Double])], offered: Double? = nil, count: Int = 1_000_000) -> CaseResults {
        var results = CaseResults(title: "a case")
        for (contender, values) in rates {
            for (index, value) in values.enumerated() {
                var result = ScenarioResult(scenario: "rate")
                result.messagesPerSecond = value
                result.offeredPerSecond = offered
                result.count = count
                results.add(TrialRecord(title: "a case", contender: contender, trial: index + 1, result: result))
            }
        }
        return results
    }

    @Test func `the best batch is that with the greatest median`() {
        let work = BenchmarkCase(
            title: "a case", scenario: .stream, wait: .block, size: 64, seconds: 1, cpus: CPUPair(client: 0, server: 0), trials: 3,
            contenders: [.peer("nng", batch: 1), .peer("nng", batch: 16), .peer("nng", batch: 256)])
        let results = results([("nng, batch 1", [1, 1, 1]), ("nng, batch 16", [5, 6, 7]), ("nng, batch 256", [2, 2, 100])])
        #expect(BenchmarkRun.bestBatches(work, results) == ["nng": 16])
    }

    @Test func `a contender is saturated when its median trial falls behind`() {
        #expect(BenchmarkRun.isSaturated(results([("a", [94, 94, 100])], offered: 100).trials(of: "a")))
        #expect(!BenchmarkRun.isSaturated(results([("a", [96, 96, 10])], offered: 100).trials(of: "a")))
        #expect(!BenchmarkRun.isSaturated([]))
        // Of 100 random arrivals a fifth may be missing in the time.
        #expect(!BenchmarkRun.isSaturated(results([("a", [80, 80, 80])], offered: 100, count: 100).trials(of: "a")))
    }
}

@Suite struct InterruptionTests {
    /// Its trials are so short that it is somewhere among them when the signal comes.
    @Test(arguments: [SIGINT, SIGTERM])
    func `an interrupted run keeps what it has measured`(signal: Int32) throws {
        let folder = try TemporaryFolder()
        let arguments = ["run", "--trial-seconds", "0.0005", "--backend", "epoll", "--json", "--output", folder.path]
        let run = try ChildProcess(Tool.built, arguments)
        for _ in 0..<3 { #expect(try run.readLine(within: 60) != nil) }
        kill(run.identifier, signal)
        let error = #expect(throws: BenchmarkFailure.self) { try run.finish(within: 60) }
        #expect(error?.description.hasPrefix("ringipc-bench failed with exit code 130") == true)
        let results = try ResultFolder(folder.path)
        #expect(results.cases.count >= 1)
        #expect(results.environment.note?.wholeMatch(of: /interrupted after \d+ of \d+ trials/) != nil)
        for file in ["summary.md", "environment.json"] { #expect(FileManager.default.fileExists(atPath: "\(folder.path)/\(file)")) }
        let trials = try #require(SystemFile.text("\(folder.path)/results.jsonl"))
        #expect(!trials.contains("histogram"))
    }
}
