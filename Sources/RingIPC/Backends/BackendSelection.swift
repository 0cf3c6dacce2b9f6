/// Which backend a loop runs on, decided at run time.
enum BackendSelection {
    case epoll(BackendReport)
    case uring(BackendReport)

    init(_ configuration: Configuration) throws(TransportError) {
        switch configuration.backend {
        case .epoll: self = .epoll(.epollByName)
        case .ioUring:
            if let unavailable = UringProbe.shared.unavailable { throw BackendReport.unavailable(unavailable) }
            self = .uring(.ioUringByName)
        case .automatic:
            if let unavailable = UringProbe.shared.unavailable {
                self = .epoll(.epollInstead(of: unavailable))
            } else {
                self = .uring(
                    BackendReport(
                        backend: .ioUring, isAvailable: true, reason: "chosen for this kernel: \(UringProbe.shared.features)"))
            }
        }
    }
}

extension BackendReport {
    static func epollInstead(of error: UringUnavailable) -> BackendReport {
        BackendReport(backend: .epoll, isAvailable: true, reason: "io_uring does not work here: \(error.reason)")
    }
}

/// The backends of this machine.
public enum Backends {
    /// What works here, and why the rest does not. The first is what ``BackendChoice/automatic`` means for a loop.
    ///
    /// io_uring is tried out for it, once per process. Can be called from any thread.
    public static func survey() -> [BackendReport] {
        let probe = UringProbe.shared
        let epoll = BackendReport(backend: .epoll, isAvailable: true, reason: "always there")
        guard let unavailable = probe.unavailable else {
            return [BackendReport(backend: .ioUring, isAvailable: true, reason: "\(probe.features)"), epoll]
        }
        return [epoll, BackendReport(backend: .ioUring, isAvailable: false, reason: unavailable.reason)]
    }
}
