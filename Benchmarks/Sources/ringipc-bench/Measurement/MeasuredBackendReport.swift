internal import RingIPC

/// Whether a backend works here, and why not.
struct MeasuredBackendReport {
    let backend: MeasuredBackend
    let isAvailable: Bool
    let reason: String

    /// All but ``MeasuredBackend/automatic``, which always works.
    static func survey() -> [MeasuredBackendReport] {
        Backends.survey().map { MeasuredBackendReport(backend: MeasuredBackend($0.backend), isAvailable: $0.isAvailable, reason: $0.reason) }
            + [sharedMemory]
    }

    /// Tried out by two connections of this process.
    private static var sharedMemory: MeasuredBackendReport {
        do {
            let lane = try laneBetweenTwo()
            let isAvailable = lane.sending == .sharedMemory && lane.receiving == .sharedMemory
            return MeasuredBackendReport(backend: .sharedMemory, isAvailable: isAvailable, reason: lane.reason)
        } catch {
            return MeasuredBackendReport(backend: .sharedMemory, isAvailable: false, reason: "\(error)")
        }
    }

    /// Messages to and fro from one thread: the socket keeps them until they are received, and with the second both have agreed on a lane.
    private static func laneBetweenTwo() throws -> LaneReport {
        var configuration = Configuration()
        MeasuredBackend.sharedMemory.choose(in: &configuration)
        let endpoint = try Endpoint(ScenarioRun.newAddress())
        var listener = try Listener(endpoint, configuration: configuration)
        var client = try Connection(connectingTo: endpoint, configuration: configuration)
        var server = try listener.accept(within: patience)
        for _ in 0..<roundTrips {
            try client.send(reserving: 0) { _ in }
            try client.flush()
            _ = try server.receive(within: patience) { frame, reply in try reply.send(frame.bytes) }
            try server.flush()
            _ = try client.receive(within: patience) { _, _ in }
        }
        return client.lane
    }

    private static let roundTrips = 4
    private static let patience = Duration.seconds(1)
}
