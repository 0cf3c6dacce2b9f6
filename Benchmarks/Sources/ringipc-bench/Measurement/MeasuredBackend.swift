internal import ArgumentParser
internal import RingIPC

/// What moves the bytes of the library: an interface of the kernel, or memory that both processes share. What `--backend` and the results name.
enum MeasuredBackend: String, CaseIterable, ExpressibleByArgument {
    case epoll
    case ioUring = "io_uring"
    /// The library's own choice of an interface.
    case automatic
    /// With the library's own choice for the socket, which wakes sleepers and tells of the end.
    case sharedMemory = "shared-memory"

    init(_ choice: BackendChoice) {
        self =
            switch choice {
            case .automatic: .automatic
            case .epoll: .epoll
            case .ioUring: .ioUring
            }
    }

    /// The interface that is asked for.
    private var choice: BackendChoice {
        switch self {
        case .automatic, .sharedMemory: .automatic
        case .epoll: .epoll
        case .ioUring: .ioUring
        }
    }

    func choose(in configuration: inout Configuration) {
        configuration.backend = choice
        configuration.sharedMemory = self == .sharedMemory ? SharedMemoryOptions() : nil
    }
}

extension MeasuredBackend {
    /// A figure of the wrong lane is worse than none: a connection that was to use shared memory and does not is a failure.
    func require(_ lane: LaneReport) throws {
        guard self == .sharedMemory, lane.sending != .sharedMemory || lane.receiving != .sharedMemory else { return }
        throw BenchmarkFailure("the messages did not travel in shared memory: the connection \(lane)")
    }

    /// Of connections that may be over before both directions have changed over: that both sides have agreed on it.
    func requireAgreement(_ statistics: Statistics, connections: UInt64) throws {
        guard self == .sharedMemory, statistics.sharedMemoryConnections < connections || statistics.sharedMemoryRefusals > 0 else { return }
        throw BenchmarkFailure(
            "of \(connections) connections \(statistics.sharedMemoryConnections) agreed on shared memory; "
                + "\(statistics.sharedMemoryRefusals) had to carry on by the socket")
    }

    /// Closes a connection that was used as it was to be.
    func close(_ connection: consuming Connection) throws {
        try require(connection.lane)
        try connection.close()
    }
}
