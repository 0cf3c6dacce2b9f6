internal import FoundationEssentials
internal import Glibc
internal import RingIPC

/// One scenario between two processes: this one is the client, and starts the server.
struct ScenarioRun {
    enum Scenario: Equatable, Sendable {
        case pingpong
        case stream
        case burst(messages: Int)
        case rate(RateLoad)
        /// So many requests in flight.
        case depth(Int)
        case connect
        case pace(PaceStep)
        case fanin(connections: Int, seconds: Double)
        case idle(connections: Int)
        /// One process, no transport.
        case parse

        var name: String {
            switch self {
            case .pingpong: "pingpong"
            case .stream: "stream"
            case .burst: "burst"
            case .rate: "rate"
            case .depth: "depth"
            case .connect: "connect"
            case .pace(.idle): "pace-idle"
            case .pace: "pace"
            case .fanin: "fanin"
            case .idle: "idle"
            case .parse: "parse"
            }
        }

        /// The command that measures it, with the options that only it has.
        var command: [String] {
            switch self {
            case .pingpong, .stream, .connect, .parse: [name]
            case .burst(let messages): [name, "--burst", "\(messages)"]
            case .rate(let load): [name] + load.arguments
            case .depth(let depth): [name, "--depth", "\(depth)"]
            case .pace(.every(let microseconds)): ["pace", "--interval", "\(microseconds)"]
            case .pace(.idle): ["pace", "--interval", "idle"]
            case .fanin(let connections, let seconds): [name, "--connections", "\(connections)", "--seconds", "\(seconds)"]
            case .idle(let connections): [name, "--connections", "\(connections)"]
            }
        }
    }

    let scenario: Scenario
    var options: ScenarioOptions
    let cpus: CPUPair

    /// A timed trial, and a short one in which the kernel counts system calls, so that counting disturbs no time.
    func measureAndCount() throws -> ScenarioResult {
        var result = try measure()
        var counting = self
        counting.options.countsSystemCalls = true
        counting.options.count = max(1, min(options.count, options.count / 10 + 1000))
        result.takeCalls(from: try counting.measure(forAtMost: 0.3))
        return result
    }

    func measure(forAtMost longest: Double = .infinity) throws -> ScenarioResult {
        var result = ScenarioResult(scenario: scenario.name)
        result.backend = options.backend.rawValue
        result.wait = options.wait.rawValue
        result.framing = options.framing.rawValue
        result.payload = options.payload == .ordinary ? nil : options.payload.rawValue
        switch scenario {
        case .pace(let step):
            let pace = Pace(options: options, step: step, sharesCPU: cpus.isOneCPU)
            let (client, server) = try withServer("pingpong", []) { try pace.runClient($0, server: $1.identifier) }
            result.setPace(step, options, client, server)
        case .parse: return try Parse(size: options.size).measure()
        case .idle(let connections):
            result.connections = connections
            let idle = Idle(options: options, connections: connections, cpus: cpus)
            try idle.allowDescriptors()
            let address = Self.newAddress()
            let server = try Self.startServer("fanin", at: address, options, on: cpus.server)
            try idle.measure(server, address, into: &result)
        case .fanin(let connections, let seconds):
            result.connections = connections
            let fanin = Fanin(options: options, connections: connections, seconds: min(seconds, longest), cpus: cpus)
            try fanin.measure(into: &result)
        case .pingpong, .stream, .burst, .rate, .depth, .connect:
            let (client, server) = try measureSides()
            try result.take(scenario, size: options.size, client: client, server: server)
        }
        return result
    }

    /// Of the scenarios that both sides measure in the same way.
    private func measureSides() throws -> (client: SideReport, server: SideReport) {
        switch scenario {
        case .stream:
            let stamps = try Stamps()
            return try withServer("stream", stamps.arguments) { endpoint, _ in
                try Stream(options: options, stamps: stamps).runClient(endpoint)
            }
        case .burst(let messages):
            let stamps = try Stamps()
            return try withServer("burst", ["--burst", "\(messages)"] + stamps.arguments) { endpoint, _ in
                try Burst(options: options, messages: messages, stamps: stamps).runClient(endpoint)
            }
        case .rate(let load):
            try load.check(cpus)
            let stamps = try Stamps()
            return try withServer("rate", ["--direction", load.direction.rawValue] + stamps.arguments) { endpoint, _ in
                try Rate(options: options, direction: load.direction, stamps: stamps).runClient(endpoint, load)
            }
        case .depth(let depth):
            return try withServer("pingpong", []) { endpoint, _ in try Depth(options: options, depth: depth).runClient(endpoint) }
        case .connect: return try measureConnect()
        case .pingpong, .pace, .fanin, .idle, .parse:
            return try withServer("pingpong", []) { endpoint, _ in try Pingpong(options: options).runClient(endpoint) }
        }
    }

    private func measureConnect() throws -> (client: SideReport, server: SideReport) {
        let folder = try TemporaryFolder()
        let address = folder.path + "/socket"
        let server = try Self.startServer("fanin", at: address, options, on: cpus.server)
        try CPUSet.pin(to: cpus.client)
        let client = try Connect(options: options).runClient(Endpoint(address))
        server.requestEnd()
        return (client, try JSONLine.decode(SideReport.self, from: server.finish(within: 30)))
    }

    /// Starts the server on its CPU, runs the client on its own, and returns what each has found.
    private func withServer<Outcome>(
        _ peer: String, _ arguments: [String], _ client: (Endpoint, ChildProcess) throws -> Outcome
    ) throws -> (client: Outcome, server: SideReport) {
        let address = Self.newAddress()
        let server = try Self.startServer(peer, at: address, options, on: cpus.server, arguments)
        try CPUSet.pin(to: cpus.client)
        let outcome = try client(Endpoint(address), server)
        return (outcome, try JSONLine.decode(SideReport.self, from: server.finish(within: 30)))
    }

    static func startServer(
        _ scenario: String, at address: String, _ options: ScenarioOptions, on cpu: Int, _ arguments: [String] = []
    ) throws -> ChildProcess {
        let place = ["peer", scenario, "--listen", address, "--cpu", "\(cpu)"]
        let server = try ChildProcess(Tool.path, place + arguments + options.arguments)
        try server.waitUntilReady()
        return server
    }

    /// An abstract name leaves nothing behind, whatever happens to its owner.
    static func newAddress() -> String {
        "@ringipc-bench-\(getpid())-\(String(UInt32.random(in: 0...(.max)), radix: 16))"
    }
}
