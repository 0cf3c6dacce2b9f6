internal import CRingIPC

/// The right to create, replace or remove a socket file: an exclusive flock(2) on `<path>.lock`.
///
/// Every listener of this library takes it for the few system calls from `bind` to `listen`, and again for those from comparing
/// to unlinking when it closes. It is never held while a server serves. Without it:
/// - two starters that both find a stale file could both unlink it, the second one the file that the first has just bound;
/// - a closing server could find its own file, and unlink the one that a successor has put there since.
///
/// The kernel gives the lock back when its holder dies, so that a crash leaves at most an empty file behind, never a lock.
///
/// Its holder removes the lock file before letting go of it. Another starter may have opened that file already, and will get the
/// lock of a file that has no name any more, while a third one locks a new file under the same name. So a lock counts only if
/// after locking, the name still leads to the locked file. As only a holder removes the name, it then stays until the release.
struct NameLock: ~Copyable {
    private let path: String
    private let descriptor: Int32

    deinit {
        // Compared all the same: somebody outside of the protocol may have cleaned the directory.
        if Self.isNamed(path, descriptor) { _ = unsafe ringipc_unlink(path) }
        _ = ringipc_close(descriptor)
    }

    /// Waits for the lock of a socket file for at most `timeout` nanoseconds. Others hold it for microseconds.
    init(guarding endpoint: Endpoint, at socketPath: String, timeout: Int64 = 1_000_000_000) throws(TransportError) {
        path = socketPath + ".lock"
        let deadline = ringipc_monotonic_nanoseconds() + timeout
        var pause: Int64 = 50_000
        while true {
            let opened = try Self.open(path, endpoint)
            let outcome = Self.lock(opened, named: path)
            if case .held = outcome {
                descriptor = opened
                return
            }
            _ = ringipc_close(opened)
            switch outcome {
            case .held, .retry: break
            case .busy:
                ringipc_sleep(pause)
                pause = min(2 * pause, 5_000_000)
            case .failed(let number): throw TransportError(systemError: number, during: .listen, on: endpoint)
            }
            guard ringipc_monotonic_nanoseconds() < deadline else {
                throw TransportError(
                    .addressInUse, during: .listen, on: endpoint, systemError: EWOULDBLOCK,
                    detail: "another process holds the lock on '\(path)' and does not let go of it; is it stopped?")
            }
        }
    }

    enum Outcome: Equatable {
        case held
        /// To be tried again at once, with a newly opened file.
        case retry
        case busy
        case failed(Int32)
    }

    /// One attempt to lock an open lock file.
    static func lock(_ descriptor: Int32, named path: String) -> Outcome {
        switch -ringipc_lock_exclusive(descriptor) {
        // The lock of a file without a name is worth nothing: its holder has finished and removed it.
        case 0: isNamed(path, descriptor) ? .held : .retry
        case EINTR: .retry
        case EWOULDBLOCK: .busy
        case let number: .failed(number)
        }
    }

    private static func isNamed(_ path: String, _ descriptor: Int32) -> Bool {
        guard let named = FileStatus(of: path), let locked = FileStatus(of: descriptor) else { return false }
        return named.isSameFile(as: locked)
    }

    /// Opens or creates the lock file. Only its owner can open it: otherwise anybody could hold a server up.
    private static func open(_ path: String, _ endpoint: Endpoint) throws(TransportError) -> Int32 {
        let descriptor = unsafe ringipc_open_lock(path)
        guard descriptor >= 0 else {
            switch -descriptor {
            case EACCES, EPERM:
                throw TransportError(
                    .accessDenied, during: .listen, on: endpoint, systemError: -descriptor,
                    detail: "this user may not create '\(path)', or it belongs to another; check the directory's owner and mode")
            case EROFS:
                throw TransportError(
                    .accessDenied, during: .listen, on: endpoint, systemError: EROFS, detail: "the file system is read-only")
            case ENOENT, ENOTDIR:
                throw TransportError(
                    .notFound, during: .listen, on: endpoint, systemError: -descriptor,
                    detail: "the directory of the socket file does not exist; create it first")
            // A link is not followed (it could lead to somebody else's file), a directory or a socket cannot be opened.
            case ELOOP, EISDIR, ENXIO: throw notALockFile(path, FileStatus(of: path), endpoint, -descriptor)
            default: throw TransportError(systemError: -descriptor, during: .listen, on: endpoint)
            }
        }
        let status = FileStatus(of: descriptor)
        guard let status, status.isRegularFile else {
            _ = ringipc_close(descriptor)
            throw notALockFile(path, status, endpoint, nil)
        }
        // A umask may have taken our own right to open it again, after a crash, for example. Refused if it is another's: fine.
        if status.permissions != 0o600 { _ = ringipc_set_mode(descriptor, 0o600) }
        return descriptor
    }

    private static func notALockFile(
        _ path: String, _ status: FileStatus?, _ endpoint: Endpoint, _ number: Int32?
    ) -> TransportError {
        TransportError(
            .accessDenied, during: .listen, on: endpoint, systemError: number,
            detail: "'\(path)' is \(status?.kind ?? "gone"), where a lock file belongs; remove it")
    }
}
