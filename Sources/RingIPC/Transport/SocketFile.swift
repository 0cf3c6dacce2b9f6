internal import CRingIPC

/// The file of a listening socket that this process has bound: where it is, and how to tell it from a successor's.
struct SocketFile {
    let path: String
    private let status: FileStatus

    /// Binds `socket` to `path` with exactly `mode`. The caller holds the name's lock and has not called listen(2) yet.
    ///
    /// The mode: `bind` creates the file with the mode of the socket (`fchmod` before it) less the umask, so the file is never
    /// more open than configured, not for a moment. If the umask took something away, the mode is completed here. That is in
    /// time, because before `listen` nobody can connect, whatever the mode. The umask itself is not touched: it belongs to the
    /// whole process, and other threads create files.
    ///
    /// - Parameter mode: `nil` leaves it to the umask.
    static func bind(
        _ socket: borrowing Socket, to endpoint: Endpoint, at path: String, mode: UInt32?
    ) throws(TransportError) -> SocketFile {
        let result = mode.map { ringipc_set_mode(socket.descriptor, $0) } ?? 0
        guard result == 0 else { throw TransportError(systemError: -result, during: .listen, on: endpoint) }

        var bound = unsafe ringipc_bind(socket.descriptor, path, path.utf8.count, false)
        if bound == -EADDRINUSE {
            try remove(path, endpoint)
            bound = unsafe ringipc_bind(socket.descriptor, path, path.utf8.count, false)
        }
        guard bound == 0 else { throw bindFailure(-bound, endpoint) }

        guard let status = FileStatus(of: path), status.isSocket else { throw replaced(endpoint) }
        let file = SocketFile(path: path, status: status)
        if let mode, status.permissions != mode {
            do throws(TransportError) {
                try file.complete(mode, endpoint)
            } catch {
                file.unlinkIfUnchanged()
                throw error
            }
        }
        return file
    }

    /// Unlinks the file unless another one stands under its name by now. The caller holds the name's lock, so that no listener
    /// of this library can come between comparing and unlinking, and our socket is still open: the kernel keeps the inode of a
    /// bound socket, so that its number cannot have been given to another file.
    func unlinkIfUnchanged() {
        guard let current = FileStatus(of: path), current.isSameFile(as: status) else { return }
        _ = unsafe ringipc_unlink(path)
    }

    private func complete(_ mode: UInt32, _ endpoint: Endpoint) throws(TransportError) {
        let name = unsafe ringipc_open_name(path)
        guard name >= 0 else { throw TransportError(systemError: -name, during: .listen, on: endpoint) }
        defer { _ = ringipc_close(name) }
        // Never another's file: in a directory where others may write, the path can lead elsewhere from one call to the next.
        guard let current = FileStatus(of: name), current.isSameFile(as: status), current.owner == ringipc_effective_user()
        else { throw Self.replaced(endpoint) }
        let result = ringipc_set_named_mode(name, mode)
        guard result == 0 else {
            throw TransportError(
                .systemFailure, during: .listen, on: endpoint, systemError: -result,
                detail: "the umask keeps the socket file from having mode 0\(String(mode, radix: 8)), and it could not be set "
                    + "through /proc; mount /proc, or set a umask that allows the mode")
        }
    }
}

// MARK: - Names that are taken

extension SocketFile {
    /// What connect(2) knows about the name of a socket file.
    private enum Occupant {
        /// A process has a socket bound to it.
        case alive
        /// The last socket that was bound to it is closed.
        case nobody
        case noFile
        case unknown(Int32)
    }

    /// Asks with a datagram socket. Whoever has a stream socket there, listening or about to, with a full queue or not, makes
    /// that EPROTOTYPE (unix(7)), and never notices. A stream socket would appear in the server as a peer that leaves at once,
    /// and would be refused between `bind` and `listen` as if nobody were there.
    private static func occupant(of path: String) -> Occupant {
        let probe = ringipc_socket_datagram()
        guard probe >= 0 else { return .unknown(-probe) }
        defer { _ = ringipc_close(probe) }
        let result = unsafe ringipc_connect(probe, path, path.utf8.count, false)
        switch -result {
        // A datagram server, also one that is connected to somebody else (EPERM), is alive too.
        case 0, EPROTOTYPE, EPERM, EAGAIN: return .alive
        case ECONNREFUSED: return .nobody
        case ENOENT: return .noFile
        default: return .unknown(-result)
        }
    }

    /// Removes the file of a server that is gone. Anything else under the name is an error and stays; that of a live server only unless it is
    /// to go `evenIfAlive`. The caller holds the name's lock.
    static func remove(_ path: String, _ endpoint: Endpoint, evenIfAlive: Bool = false) throws(TransportError) {
        // Held open while it is judged: otherwise the file could be replaced by one with the same inode number.
        let name = unsafe ringipc_open_name(path)
        if name == -ENOENT { return }
        guard name >= 0 else { throw TransportError(systemError: -name, during: .listen, on: endpoint) }
        defer { _ = ringipc_close(name) }
        guard let judged = FileStatus(of: name) else { return }
        guard judged.isSocket else {
            throw TransportError(
                .notASocket, during: .listen, on: endpoint, systemError: EADDRINUSE,
                detail: "\(judged.kind) stands under this name; remove it or choose another name")
        }
        switch occupant(of: path) {
        case .alive: guard evenIfAlive else { throw inUse(endpoint) }
        case .noFile: return
        case .nobody: break
        case .unknown(EACCES):
            throw TransportError(
                .accessDenied, during: .listen, on: endpoint, systemError: EACCES,
                detail: "a socket file is there, and its mode does not let this user ask whether its server is alive; "
                    + "remove it if it is not")
        case .unknown(let number): throw TransportError(systemError: number, during: .listen, on: endpoint)
        }
        // Listeners of this library are kept out by the lock. For all others this comparison leaves the moment until unlink(2).
        guard let current = FileStatus(of: path) else { return }
        guard current.isSameFile(as: judged) else { throw inUse(endpoint) }
        let result = unsafe ringipc_unlink(path)
        guard result == 0 || result == -ENOENT else {
            throw TransportError(
                .accessDenied, during: .listen, on: endpoint, systemError: -result,
                detail: "the socket file of a server that is gone is in the way, and this user may not remove it")
        }
    }

    private static func inUse(_ endpoint: Endpoint) -> TransportError {
        TransportError(
            .addressInUse, during: .listen, on: endpoint, systemError: EADDRINUSE,
            detail: "another server is alive under this name; stop it or choose another name")
    }

    private static func replaced(_ endpoint: Endpoint) -> TransportError {
        TransportError(
            .accessDenied, during: .listen, on: endpoint,
            detail: "another process replaced the socket file while it was being created; "
                + "use a directory where only this user may write")
    }

    private static func bindFailure(_ number: Int32, _ endpoint: Endpoint) -> TransportError {
        switch number {
        case EADDRINUSE: inUse(endpoint)
        case ENOENT, ENOTDIR:
            TransportError(
                .notFound, during: .listen, on: endpoint, systemError: number,
                detail: "the directory of the socket file does not exist; create it first")
        default: TransportError(systemError: number, during: .listen, on: endpoint)
        }
    }
}
