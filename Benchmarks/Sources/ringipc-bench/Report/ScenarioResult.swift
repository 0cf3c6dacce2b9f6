/// One figure of a run: a line of JSON. The names are a contract with scripts; a field that makes no sense is absent.
struct ScenarioResult: Codable, Equatable {
    var scenario: String
    /// Absent for a C limit program, which has a ``kind`` instead, and for another library, which has a ``peer``.
    var backend: String?
    /// Which C limit program; absent for the library.
    var kind: String?
    /// Which other library.
    var peer: String?
    var wait: String?
    var framing: String?
    var size: Int?
    /// How payloads are handed over, where it is not the usual way.
    var payload: String?
    var count: Int?
    var connections: Int?
    /// Messages that a peer hands over before it flushes.
    var batch: Int?
    /// Requests in flight.
    var depth: Int?
    /// Messages of one burst.
    var burst: Int?
    /// Of an open loop: what was to be sent, whatever was achieved.
    var offeredPerSecond: Double?
    /// `fixed` or `poisson`.
    var schedule: String?
    /// `one-way` or `round-trip`.
    var direction: String?
    var seconds: Double?
    var messagesPerSecond: Double?
    var bytesPerSecond: Double?
    var roundTrip: RoundTripTimes?
    /// Of a stream: from the send call of a message until it was handled.
    var delay: RoundTripTimes?
    /// From the start of a burst until its last message was handled.
    var burstTime: RoundTripTimes?
    /// Of an open loop: from the moment at which a message was due.
    var latency: RoundTripTimes?
    var connectTime: RoundTripTimes?
    /// From the start of a connect until the first frame has come back.
    var firstFrame: RoundTripTimes?
    var connectionsPerSecond: Double?
    /// Of finding the frames in memory, with no kernel in it.
    var nanosecondsPerFrame: Double?
    var cpuPerMessage: Double?
    var cpuPerMessageOfClient: Double?
    var cpuPerMessageOfServer: Double?
    var callsPerMessage: Double?
    var callsPerMessageOfClient: Double?
    var callsPerMessageOfServer: Double?
    var callsSource: CallsSource?
    /// In user space; absent where nobody counts them, as in other libraries.
    var copiedBytesPerMessage: Double?
    var copiedBytesPerMessageOfClient: Double?
    var copiedBytesPerMessageOfServer: Double?
    var contextSwitches: Int?
    var contextSwitchesOfClient: Int?
    var contextSwitchesOfServer: Int?
    /// Those that the kernel forced.
    var involuntarySwitches: Int?
    /// From CPU to CPU.
    var migrations: Int?
    /// What the host took from the two CPUs.
    var stealNanoseconds: Int?
    /// Why this trial should be read with care; absent for an undisturbed one.
    var disturbances: [String]?
    /// Between the sends of a paced client.
    var intervalMicroseconds: Int?
    /// CPU time in all time; 1 is a whole CPU.
    var cpuShareOfClient: Double?
    var cpuShareOfServer: Double?
    /// Private memory of the server's process.
    var bytesPerConnection: Double?
    /// Of the server's process, all of them.
    var mappings: Int?
    /// Of the process that needed more; of the server in a fan-in.
    var peakResidentBytes: Int?
    /// Of the times that the scenario is about, as `value:count`, separated by spaces. Too long for the results of a run.
    var histogram: String?

    /// Who counted the system calls.
    enum CallsSource: String, Codable {
        /// Each one of the process, by a tracepoint.
        case kernel
        /// Those that the library made, by itself.
        case library
        /// Those that a C program made, by itself.
        case program
    }

    init(scenario: String) { self.scenario = scenario }

    enum CodingKeys: String, CodingKey {
        case scenario, backend, kind, peer, wait, framing, size, payload, count, connections, batch, depth, burst, schedule, direction, seconds
        case mappings, migrations, histogram
        case offeredPerSecond = "offered_per_second"
        case messagesPerSecond = "messages_per_second"
        case bytesPerSecond = "bytes_per_second"
        case roundTrip = "rtt_ns"
        case delay = "delay_ns"
        case burstTime = "burst_ns"
        case latency = "latency_ns"
        case connectTime = "connect_ns"
        case firstFrame = "first_frame_ns"
        case connectionsPerSecond = "connections_per_second"
        case nanosecondsPerFrame = "ns_per_frame"
        case cpuPerMessage = "cpu_ns_per_message"
        case cpuPerMessageOfClient = "cpu_ns_per_message_client"
        case cpuPerMessageOfServer = "cpu_ns_per_message_server"
        case callsPerMessage = "system_calls_per_message"
        case callsPerMessageOfClient = "system_calls_per_message_client"
        case callsPerMessageOfServer = "system_calls_per_message_server"
        case callsSource = "system_calls_source"
        case copiedBytesPerMessage = "copied_bytes_per_message"
        case copiedBytesPerMessageOfClient = "copied_bytes_per_message_client"
        case copiedBytesPerMessageOfServer = "copied_bytes_per_message_server"
        case contextSwitches = "context_switches"
        case contextSwitchesOfClient = "context_switches_client"
        case contextSwitchesOfServer = "context_switches_server"
        case involuntarySwitches = "involuntary_switches"
        case stealNanoseconds = "steal_ns"
        case disturbances = "disturbed_by"
        case intervalMicroseconds = "interval_us"
        case cpuShareOfClient = "cpu_share_client"
        case cpuShareOfServer = "cpu_share_server"
        case bytesPerConnection = "bytes_per_connection"
        case peakResidentBytes = "peak_rss_bytes"
    }
}

/// Nanoseconds.
struct RoundTripTimes: Codable, Equatable {
    var min: Int
    var p50: Int
    var p90: Int
    var p99: Int
    var p99_9: Int
    var max: Int
}

extension ScenarioResult {
    /// The rate, from `count` messages of `size` bytes in `seconds`.
    mutating func setRate(count: Int, size: Int, seconds: Double) {
        self.count = count
        self.size = size
        self.seconds = seconds
        messagesPerSecond = Double(count) / seconds
        bytesPerSecond = Double(count) * Double(size) / seconds
    }

    mutating func setPace(_ step: PaceStep, _ options: ScenarioOptions, _ client: Pace.Outcome, _ server: SideReport) {
        size = options.size
        seconds = client.seconds
        if case .every(let microseconds) = step {
            intervalMicroseconds = microseconds
            count = options.count
        }
        roundTrip = client.times
        cpuShareOfClient = client.clientShare
        cpuShareOfServer = client.serverShare ?? Double(server.cpuNanoseconds) / (client.seconds * 1e9)
    }

    /// System calls as another trial has counted them.
    mutating func takeCalls(from counting: ScenarioResult) {
        callsPerMessage = counting.callsPerMessage
        callsPerMessageOfClient = counting.callsPerMessageOfClient
        callsPerMessageOfServer = counting.callsPerMessageOfServer
        callsSource = counting.callsSource
    }
}
