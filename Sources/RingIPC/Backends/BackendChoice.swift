/// Which interface of the kernel moves the bytes.
public enum BackendChoice: String, Sendable, Hashable, CaseIterable {
    /// The best that works here: for a loop io_uring, else epoll; for a single blocking connection the socket calls themselves.
    case automatic
    /// epoll(7): works on every Linux.
    case epoll
    /// io_uring(7), from Linux 5.19 on, where neither a sysctl nor a seccomp filter forbids it.
    case ioUring = "io_uring"
}

/// Which backend is used, or could be, and why.
public struct BackendReport: Sendable, Hashable {
    /// Which one this is about. ``BackendChoice/automatic`` stands for the socket calls themselves, on a blocking connection.
    public let backend: BackendChoice
    /// Whether it works here.
    public let isAvailable: Bool
    /// One line for a log.
    public let reason: String
}

extension BackendReport: CustomStringConvertible {
    /// One line: the backend's name, and the reason.
    public var description: String { "\(backend.rawValue): \(isAvailable ? "" : "not available, ")\(reason)" }
}

extension BackendReport {
    static let direct = BackendReport(
        backend: .automatic, isAvailable: true,
        reason: "recv and send themselves; for a single connection nothing in between is faster")
    static let epollByName = BackendReport(backend: .epoll, isAvailable: true, reason: "named in the configuration")
    static let ioUringByName = BackendReport(backend: .ioUring, isAvailable: true, reason: "named in the configuration")

    static func unavailable(_ error: UringUnavailable) -> TransportError {
        TransportError(
            .backendUnavailable, during: .configure, systemError: error.systemError,
            detail: "io_uring does not work here: \(error.reason); use .automatic or .epoll")
    }
}
