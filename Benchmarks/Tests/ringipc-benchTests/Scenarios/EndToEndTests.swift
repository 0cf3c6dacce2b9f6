import RingIPC
import Testing

@testable import ringipc_bench

/// Two real processes, with tiny counts. Nothing here depends on how fast they are.
@Suite(.serialized) struct EndToEndTests {
    /// The tool beside the tests; this process is only their runner.
    private func measure(_ arguments: [String]) throws -> ScenarioResult {
        let bundle = try #require(CommandLine.arguments.first { $0.contains("PackageTests.xctest") })
        let parts = bundle.split(separator: "/")
        let end = try #require(parts.firstIndex { $0.hasSuffix(".xctest") })
        let tool = "/" + parts[..<end].joined(separator: "/") + "/ringipc-bench"
        let child = try ChildProcess(tool, arguments + ["--json", "--histogram", "--skip-counting-trial"])
        return try JSONLine.decode(ScenarioResult.self, from: child.finish(within: 60))
    }

    private static let backends = MeasuredBackend.allCases.map(\.rawValue)
    private static var hasTwoCPUs: Bool { (try? CPUSet.current().defaultPair.isOneCPU) == false }

    @Test(arguments: backends)
    func `bursts are timed`(backend: String) throws {
        let result = try measure(["burst", "--burst", "10", "--count", "5", "--backend", backend])
        #expect(result.burst == 10 && result.count == 5)
        #expect(result.burstTime != nil && result.histogram != nil)
        #expect(result.messagesPerSecond == nil && result.backend == backend)
    }

    @Test(.enabled(if: hasTwoCPUs, "an open loop needs two CPUs"), arguments: backends, ["one-way", "round-trip"])
    func `an open loop is measured by the side that ends it`(backend: String, direction: String) throws {
        let load = ["--rate", "5000", "--count", "50", "--direction", direction]
        let result = try measure(["rate", "--backend", backend, "--wait", "block"] + load)
        #expect(result.count == 50 && result.direction == direction && result.offeredPerSecond == 5000)
        #expect(result.latency != nil)
        #expect(result.cpuPerMessageOfClient == nil && result.cpuPerMessageOfServer != nil)
    }

    @Test(arguments: backends, [1, 7])
    func `many requests are in flight`(backend: String, depth: Int) throws {
        let result = try measure(["depth", "--depth", "\(depth)", "--count", "100", "--backend", backend])
        #expect(result.depth == depth && result.count == 100)
        #expect(result.roundTrip != nil)
    }

    @Test(arguments: backends)
    func `connections are opened one after the other`(backend: String) throws {
        let result = try measure(["connect", "--count", "5", "--backend", backend])
        #expect(result.count == 5)
        #expect(result.connectTime != nil && result.firstFrame != nil && result.connectionsPerSecond != nil)
    }

    @Test(arguments: backends)
    func `one server echoes on many connections`(backend: String) throws {
        let result = try measure(["fanin", "--connections", "5", "--seconds", "0.1", "--backend", backend])
        #expect(result.connections == 5 && result.backend == backend && (result.count ?? 0) > 0)
    }

    @Test(arguments: ["epoll", "shared-memory"])
    func `connections that say nothing are counted`(backend: String) throws {
        let result = try measure(["idle", "--connections", "5", "--backend", backend])
        #expect(result.connections == 5 && result.bytesPerConnection != nil && result.cpuShareOfServer != nil)
    }

    @Test(arguments: ["block", "adaptive"], [1, 64, 100_000, 4_194_304])
    func `messages of every size travel in shared memory`(wait: String, size: Int) throws {
        for scenario in ["pingpong", "stream"] {
            let result = try measure([scenario, "--size", "\(size)", "--count", "50", "--wait", wait, "--backend", "shared-memory"])
            #expect(result.backend == "shared-memory" && result.count == 50 && result.size == size)
        }
    }

    @Test(arguments: ["loan", "description"], [8, 64, 1 << 20])
    func `payloads are loaned in round trips`(payload: String, size: Int) throws {
        let result = try measure(
            ["pingpong", "--payload", payload, "--size", "\(size)", "--count", "50", "--backend", "shared-memory"])
        #expect(result.payload == payload && result.count == 50 && result.copiedBytesPerMessage == 0)
    }

    @Test(arguments: ["pingpong", "stream"])
    func `long payloads go through the ring where that is asked for, and are copied there`(scenario: String) throws {
        let size = 4 << 20
        let result = try measure(
            [scenario, "--payload", "ring", "--size", "\(size)", "--count", "10", "--backend", "shared-memory"])
        #expect(result.payload == "ring" && (result.copiedBytesPerMessage ?? 0) >= Double(size))
    }

    @Test func `a stream lends shorter payloads, too, where that is asked for`() throws {
        let result = try measure(["stream", "--payload", "loan", "--size", "1000", "--count", "50", "--backend", "shared-memory"])
        #expect(result.payload == "loan" && result.count == 50)
    }

    @Test func `a connection that is not in shared memory at its end is a failure`() throws {
        let endpoint = try Endpoint(ScenarioRun.newAddress())
        let listener = try Listener(endpoint)
        let connection = try Connection(connectingTo: endpoint)
        #expect(throws: BenchmarkFailure.self) { try MeasuredBackend.sharedMemory.require(connection.lane) }
        #expect(throws: BenchmarkFailure.self) { try MeasuredBackend.sharedMemory.requireAgreement(connection.statistics, connections: 1) }
        try MeasuredBackend.automatic.require(connection.lane)
        listener.close()
    }

    @Test func `the survey names all but automatic, and tries shared memory out`() {
        let survey = MeasuredBackendReport.survey()
        #expect(Set(survey.map(\.backend)) == [.epoll, .ioUring, .sharedMemory])
        #expect(survey.contains { $0.backend == .sharedMemory && $0.isAvailable })
    }

    @Test func `a stream has the delay of some of its messages`() throws {
        let result = try measure(["stream", "--count", "3000"])
        #expect(result.delay != nil)
    }
}

@Suite struct PeerTests {
    @Test func `a line of a peer is a report`() throws {
        let line = """
            {"messages":10,"seconds":2,"cpu_ns":50,"voluntary_switches":1,"involuntary_switches":2,"migrations":0,"peak_rss_bytes":4096,\
            "times":{"min":1,"p50":2,"p90":3,"p99":4,"p99_9":5,"max":6},"histogram":"1:9 6:1"}
            """
        let report = try JSONLine.decode(SideReport.self, from: line)
        #expect(report.contextSwitches == 3 && report.times?.p50 == 2)
        #expect(report.systemCalls == nil && report.copiedBytes == nil)
        var result = ScenarioResult(scenario: "pingpong")
        try result.take(.pingpong, size: 64, client: report, server: report)
        #expect(result.messagesPerSecond == 5 && result.cpuPerMessage == 10 && result.involuntarySwitches == 4)
        #expect(result.callsPerMessage == nil && result.callsSource == nil && result.copiedBytesPerMessage == nil)
    }

    @Test func `a peer says what it can do, a missing one what would bring it`() throws {
        let folder = try TemporaryFolder()
        let program = folder.path + "/ringipc-peer-fake"
        let about = #"{"peer":"fake","version":"1","waits":["block"],"scenarios":["pingpong"],"batches":[1,300],"options":"none"}"#
        _ = try ChildProcess("/bin/sh", ["-c", "printf '#!/bin/sh\\necho '\"'%s'\" '\(about)' > \(program); chmod +x \(program)"]).finish(within: 10)
        let read = try PeerAbout(program: program)
        #expect(read.waits == ["block"] && read.batch(near: 256) == 300)
        let fake = PeerProgram(name: "fake", source: "Debian package fake-dev")
        #expect(PeerReport(program: fake, about: read).version == "1")
        #expect(PeerReport(program: fake, about: nil).version == "missing (Debian package fake-dev)")
        #expect(fake.path == nil)
        let run = PeerRun(peer: fake, scenario: .pingpong, count: 1, warmup: 0, cpus: CPUPair(client: 0, server: 0))
        #expect(throws: BenchmarkFailure.self) { try run.measure() }
    }

    @Test func `each known peer is listed once`() {
        #expect(Set(PeerProgram.survey().map(\.program.name)).count == PeerProgram.known.count)
    }
}
