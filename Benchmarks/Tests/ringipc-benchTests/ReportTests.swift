import Testing

@testable import ringipc_bench

@Suite struct ScenarioResultTests {
    /// The names that scripts rely on.
    @Test func `all fields have the names of the contract`() throws {
        var result = ScenarioResult(scenario: "pingpong")
        result.backend = "epoll"
        result.wait = "spin"
        result.framing = "native"
        result.connections = 1
        result.roundTrip = RoundTripTimes(min: 1, p50: 2, p90: 3, p99: 4, p99_9: 5, max: 6)
        result.setRate(count: 10, size: 64, seconds: 2)
        let client = SideReport(
            messages: 10, cpuNanoseconds: 50, voluntarySwitches: 1, peakResidentBytes: 7, librarySystemCalls: 20, copiedBytes: 5)
        result.setCosts(client: client, server: client)
        #expect(
            try JSONLine.encode(result) == """
                {"backend":"epoll","bytes_per_second":320,"connections":1,"context_switches":2,"context_switches_client":1,\
                "context_switches_server":1,"copied_bytes_per_message":1,"copied_bytes_per_message_client":0.5,\
                "copied_bytes_per_message_server":0.5,\
                "count":10,"cpu_ns_per_message":10,"cpu_ns_per_message_client":5,"cpu_ns_per_message_server":5,"framing":"native",\
                "involuntary_switches":0,"messages_per_second":5,"peak_rss_bytes":7,"rtt_ns":{"max":6,"min":1,"p50":2,"p90":3,"p99":4,"p99_9":5},\
                "scenario":"pingpong","seconds":2,"size":64,"system_calls_per_message":4,"system_calls_per_message_client":2,\
                "system_calls_per_message_server":2,"system_calls_source":"library","wait":"spin"}
                """)
    }

    @Test func `a field that makes no sense is absent`() throws {
        #expect(try JSONLine.encode(ScenarioResult(scenario: "stream")) == #"{"scenario":"stream"}"#)
    }

    @Test func `a trial is a result with its place in the run`() throws {
        let record = TrialRecord(title: "stream, 64 B", contender: "epoll", trial: 2, result: ScenarioResult(scenario: "stream"))
        #expect(try JSONLine.encode(record) == #"{"case":"stream, 64 B","contender":"epoll","scenario":"stream","trial":2}"#)
    }

    @Test func `the kernel's count is taken only when both sides have one`() {
        var client = SideReport(messages: 2, librarySystemCalls: 2, kernelSystemCalls: 6)
        var server = SideReport(messages: 2, librarySystemCalls: 4, kernelSystemCalls: 8)
        var result = ScenarioResult(scenario: "stream")
        result.setCalls(client: client, server: server)
        #expect(result.callsSource == .kernel)
        #expect(result.callsPerMessage == 7)
        client.kernelSystemCalls = nil
        result.setCalls(client: client, server: server)
        #expect(result.callsSource == .library)
        #expect(result.callsPerMessage == 3)
        server.kernelSystemCalls = nil
        #expect(result.callsPerMessageOfServer == 2)
    }

    @Test func `what is no JSON is told with its text`() {
        #expect(throws: BenchmarkFailure.self) { try JSONLine.decode(SideReport.self, from: "Killed\n") }
    }
}

@Suite struct FigureTests {
    @Test(arguments: [
        (0.0, "0"), (0.0123, "0.012"), (1.0, "1.00"), (9.994, "9.99"), (12.34, "12.3"), (123.4, "123"), (1234.5, "1,235"),
        (75_000_000, "75,000,000"), (0.9999, "1.000"), (-3.5, "-3.50"),
    ])
    func `figures have three significant digits and grouped thousands`(value: Double, text: String) {
        #expect(Figure.number(value) == text)
    }

    @Test func `a ratio is shown in percent`() { #expect(Figure.percent(0.954) == "95 %") }
}

@Suite struct TableTests {
    @Test func `columns are aligned, figures to the right`() {
        var table = Table(["by", "million/s"])
        table.add(["epoll", "75.0"])
        table.add(["C uring", "5.5"])
        #expect(
            table.text == """
                | by      | million/s |
                |---------|----------:|
                | epoll   |      75.0 |
                | C uring |       5.5 |

                """)
    }

    @Test func `calls that the kernel counted go before those that a program counted itself`() {
        var counted = ScenarioResult(scenario: "stream")
        counted.callsPerMessage = 5
        counted.callsSource = .kernel
        var other = counted
        other.callsPerMessage = 1
        other.callsSource = .library
        #expect(Measure.calls.cell([counted, other, other]) == "5.00")
        #expect(Measure.calls.cell([other]) == "1.00")
    }

    @Test func `a figure with a spread shows it, one trial has none`() {
        let trials = [1e6, 3e6, 2e6].map { rate in
            var result = ScenarioResult(scenario: "stream")
            result.messagesPerSecond = rate
            return result
        }
        #expect(Measure.rate.cell(trials) == "2.00 (1.00–3.00)")
        #expect(Measure.rate.cell([trials[0]]) == "1.00")
        #expect(Measure.roundTrip.cell(trials) == "")
    }
}
