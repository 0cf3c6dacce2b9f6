internal import RingIPC

/// Many connections, one message in flight on each, one echo server. The C client is used where it is built: then it is the
/// same for this library's server and for the C servers. It knows nothing of shared memory: there the client is the library's.
struct Fanin {
    let options: ScenarioOptions
    let connections: Int
    let seconds: Double
    let cpus: CPUPair

    func measure(into result: inout ScenarioResult) throws {
        let address = ScenarioRun.newAddress()
        let server = try ScenarioRun.startServer("fanin", at: address, options, on: cpus.server)
        if let program = Tool.limits, options.backend != .sharedMemory, options.framing == .native || options.framing == .u32host {
            try result.takeClient(runProgram(program, address))
        } else {
            try CPUSet.pin(to: cpus.client)
            let client = try FaninClient(options: options, connections: connections, seconds: seconds).run(Endpoint(address))
            result.takeClient(client, size: options.size)
        }
        server.requestEnd()
        result.takeServer(try JSONLine.decode(SideReport.self, from: server.finish(within: 30)))
    }

    /// The C client against whatever echo server listens at `address`.
    func runProgram(_ program: String, _ address: String) throws -> ScenarioResult {
        let client = try ChildProcess(
            program,
            [
                "fanin-client", "--connect", address, "--connections", "\(connections)", "--seconds", "\(seconds)",
                "--size", "\(options.size)", "--framing", options.framing.rawValue, "--pin", "\(cpus.client)",
            ])
        return try JSONLine.decode(ScenarioResult.self, from: client.finish(within: seconds + 30))
    }
}

extension ScenarioResult {
    /// The figures that the client of a fan-in has measured.
    mutating func takeClient(_ client: ScenarioResult) throws {
        guard let count = client.count, let seconds = client.seconds, let size = client.size, count > 0, seconds > 0 else {
            throw BenchmarkFailure("the client of the fan-in has counted nothing")
        }
        setRate(count: count, size: size, seconds: seconds)
        roundTrip = client.roundTrip
        histogram = client.histogram
        cpuPerMessageOfClient = client.cpuPerMessageOfClient
        callsPerMessageOfClient = client.callsPerMessageOfClient
    }

    mutating func takeClient(_ client: FaninClient.Outcome, size: Int) {
        let messages = Double(max(1, client.report.messages))
        setRate(count: client.report.messages, size: size, seconds: client.seconds)
        roundTrip = client.times
        cpuPerMessageOfClient = Double(client.report.cpuNanoseconds) / messages
        callsPerMessageOfClient = client.report.systemCalls.map { Double($0) / messages }
    }

    /// The server counts from its first message to its last, so that connections and warm-up are in the time and in the count.
    mutating func takeServer(_ server: SideReport) {
        let messages = Double(max(1, server.messages))
        setServerCosts(cpu: Double(server.cpuNanoseconds) / messages, calls: server.systemCalls.map { Double($0) / messages })
        if server.systemCalls != nil { callsSource = server.kernelSystemCalls == nil ? .library : .kernel }
        copiedBytesPerMessageOfServer = server.copiedBytes.map { Double($0) / messages }
        copiedBytesPerMessage = copiedBytesPerMessageOfServer
        contextSwitches = server.contextSwitches
        contextSwitchesOfServer = server.contextSwitches
        involuntarySwitches = server.involuntarySwitches
        migrations = server.migrations
        peakResidentBytes = server.peakResidentBytes
    }

    /// For each message that the server echoed, whoever counted it.
    mutating func setServerCosts(cpu: Double, calls: Double?) {
        cpuPerMessageOfServer = cpu
        cpuPerMessage = cpuPerMessageOfClient.map { $0 + cpu }
        callsPerMessageOfServer = calls
        callsPerMessage = callsPerMessageOfClient.flatMap { own in calls.map { own + $0 } }
    }
}
