// What the two processes of a trial have reported, as figures. The same for the library and for a peer.

extension ScenarioResult {
    mutating func take(_ scenario: ScenarioRun.Scenario, size: Int, client: SideReport, server: SideReport) throws {
        guard client.messages > 0, server.messages > 0, let seconds = client.seconds, seconds > 0 else {
            throw BenchmarkFailure("a side of \(scenario.name) has counted nothing")
        }
        setRate(count: client.messages, size: size, seconds: seconds)
        setCosts(client: client, server: server)
        switch scenario {
        case .stream: setTimes(\.delay, of: server)
        case .burst(let messages): setBurst(messages, server)
        case .rate(let load): setLoad(load, client, server)
        case .depth(let depth):
            self.depth = depth
            setTimes(\.roundTrip, of: client)
        case .connect: setConnects(client, server)
        case .pingpong, .pace, .fanin, .idle, .parse: setTimes(\.roundTrip, of: client)
        }
    }

    private mutating func setTimes(_ field: WritableKeyPath<ScenarioResult, RoundTripTimes?>, of side: SideReport) {
        self[keyPath: field] = side.times
        histogram = side.histogram
    }

    /// The silence between bursts makes a rate of messages meaningless.
    private mutating func setBurst(_ messages: Int, _ server: SideReport) {
        burst = messages
        count = count.map { $0 / messages }
        messagesPerSecond = nil
        bytesPerSecond = nil
        setTimes(\.burstTime, of: server)
    }

    /// The client's CPU time is the instrument's.
    private mutating func setLoad(_ load: RateLoad, _ client: SideReport, _ server: SideReport) {
        offeredPerSecond = load.perSecond
        schedule = load.schedule.rawValue
        direction = load.direction.rawValue
        cpuPerMessage = nil
        cpuPerMessageOfClient = nil
        callsPerMessage = nil
        callsPerMessageOfClient = nil
        setTimes(\.latency, of: load.direction == .oneWay ? server : client)
    }

    /// The server counts the connections of the warm-up, too.
    private mutating func setConnects(_ client: SideReport, _ server: SideReport) {
        connectionsPerSecond = messagesPerSecond
        messagesPerSecond = nil
        bytesPerSecond = nil
        connectTime = client.connectTimes
        setTimes(\.firstFrame, of: client)
        let ofServer = Double(server.messages)
        setServerCosts(cpu: Double(server.cpuNanoseconds) / ofServer, calls: server.systemCalls.map { Double($0) / ofServer })
    }

    mutating func setCosts(client: SideReport, server: SideReport) {
        let messages = Double(client.messages)
        cpuPerMessageOfClient = Double(client.cpuNanoseconds) / messages
        cpuPerMessageOfServer = Double(server.cpuNanoseconds) / messages
        cpuPerMessage = Double(client.cpuNanoseconds + server.cpuNanoseconds) / messages
        copiedBytesPerMessageOfClient = client.copiedBytes.map { Double($0) / messages }
        copiedBytesPerMessageOfServer = server.copiedBytes.map { Double($0) / messages }
        copiedBytesPerMessage = sum(copiedBytesPerMessageOfClient, copiedBytesPerMessageOfServer)
        contextSwitches = client.contextSwitches + server.contextSwitches
        contextSwitchesOfClient = client.contextSwitches
        contextSwitchesOfServer = server.contextSwitches
        involuntarySwitches = client.involuntarySwitches + server.involuntarySwitches
        migrations = client.migrations.flatMap { own in server.migrations.map { own + $0 } }
        peakResidentBytes = max(client.peakResidentBytes, server.peakResidentBytes)
        setCalls(client: client, server: server)
    }

    /// The kernel's count where both sides have one.
    mutating func setCalls(client: SideReport, server: SideReport) {
        let messages = Double(client.messages)
        let isOfKernel = client.kernelSystemCalls != nil && server.kernelSystemCalls != nil
        let calls = isOfKernel ? \SideReport.kernelSystemCalls : \SideReport.librarySystemCalls
        callsPerMessageOfClient = client[keyPath: calls].map { Double($0) / messages }
        callsPerMessageOfServer = server[keyPath: calls].map { Double($0) / messages }
        callsPerMessage = sum(callsPerMessageOfClient, callsPerMessageOfServer)
        callsSource = callsPerMessage == nil ? nil : isOfKernel ? .kernel : .library
    }

    private func sum(_ first: Double?, _ second: Double?) -> Double? { first.flatMap { own in second.map { own + $0 } } }
}
