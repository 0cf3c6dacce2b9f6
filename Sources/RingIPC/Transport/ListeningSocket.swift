internal import CRingIPC

/// A socket that accepts connections, with the file that belongs to it.
struct ListeningSocket: ~Copyable {
    /// Where it listens. For an adopted descriptor this is the name that it is bound to, where that can be told.
    let endpoint: Endpoint
    /// Whom to let in; see ``admits(_:)``.
    let acceptPolicy: AcceptPolicy

    private let socket: Socket
    /// `nil` for an abstract name, and for a descriptor: its file was made by another, who removes it.
    private let file: SocketFile?

    var descriptor: Int32 { socket.descriptor }

    /// Opens, binds and listens, or adopts a listening descriptor. The socket is in non-blocking mode, which
    /// ``setNonBlocking(_:)`` can change. A descriptor that is refused stays the caller's.
    init(_ endpoint: Endpoint, configuration: Configuration) throws(TransportError) {
        try endpoint.validate(during: .listen)
        let policy = configuration.acceptPolicy
        switch endpoint {
        case .path(let path):
            let socket = try Socket.stream(during: .listen, on: endpoint, takesDescriptors: configuration.sharedMemory != nil)
            let file = try Self.listen(socket, at: path, endpoint, configuration)
            self.init(socket, file, endpoint, policy)
        case .abstract(let name):
            let socket = try Socket.stream(during: .listen, on: endpoint, takesDescriptors: configuration.sharedMemory != nil)
            let result = unsafe ringipc_bind(socket.descriptor, name, name.utf8.count, true)
            guard result == 0 else { throw TransportError(systemError: -result, during: .listen, on: endpoint) }
            try Self.listen(socket, endpoint, configuration)
            self.init(socket, nil, endpoint, policy)
        case .descriptor(let descriptor):
            try Self.prepareInherited(descriptor, takesDescriptors: configuration.sharedMemory != nil)
            self.init(Socket(owning: descriptor), nil, SocketName.own(of: descriptor) ?? endpoint, policy)
        }
    }

    /// Listens in a double of the kernel, where names are no files.
    init(_ endpoint: Endpoint, over double: any KernelDouble, configuration: Configuration) throws(TransportError) {
        try endpoint.validate(during: .listen)
        let result = double.listen(on: endpoint, backlog: configuration.listenBacklog)
        guard result >= 0 else { throw TransportError(systemError: -result, during: .listen, on: endpoint) }
        self.init(Socket(owning: result, of: double), nil, endpoint, configuration.acceptPolicy)
    }

    private init(_ socket: consuming Socket, _ file: SocketFile?, _ endpoint: Endpoint, _ policy: AcceptPolicy?) {
        self.socket = socket
        self.file = file
        self.endpoint = endpoint
        acceptPolicy = policy ?? .standard(for: endpoint)
    }

    /// Closes the socket, and removes its file if it is still its own.
    consuming func close() {}

    deinit {
        guard let file else { return }
        // The lock cannot be had without a free descriptor, nor from a process that is stopped while it holds it. Then the file
        // stays: the next listener on this name finds it stale and replaces it, whereas unlinking without the lock could hit a
        // successor's. The socket itself is closed after this body, as unlinkIfUnchanged() demands.
        guard let lock = try? NameLock(guarding: endpoint, at: file.path, timeout: 100_000_000) else { return }
        file.unlinkIfUnchanged()
        _ = consume lock
    }

    /// Binds and listens under the lock of the name, which is let go of when the name answers: who comes next must find a live
    /// server.
    private static func listen(
        _ socket: borrowing Socket, at path: String, _ endpoint: Endpoint, _ configuration: Configuration
    ) throws(TransportError) -> SocketFile {
        let mode = configuration.socketFileMode
        guard mode & ~0o777 == 0 else {
            throw TransportError(
                .invalidConfiguration, during: .listen, on: endpoint,
                detail: "socketFileMode 0\(String(mode, radix: 8)) has more than permission bits; use one from 0 to 0777")
        }
        let lock = try NameLock(guarding: endpoint, at: path)
        let file = try SocketFile.bind(socket, to: endpoint, at: path, mode: configuration.leavesModeToUmask ? nil : mode)
        do throws(TransportError) {
            try listen(socket, endpoint, configuration)
        } catch {
            file.unlinkIfUnchanged()
            throw error
        }
        _ = consume lock
        return file
    }

    private static func listen(
        _ socket: borrowing Socket, _ endpoint: Endpoint, _ configuration: Configuration
    ) throws(TransportError) {
        var result = ringipc_set_nonblocking(socket.descriptor, true)
        if result == 0 { result = ringipc_listen(socket.descriptor, configuration.listenBacklog) }
        guard result == 0 else { throw TransportError(systemError: -result, during: .listen, on: endpoint) }
    }
}

// MARK: - Accepting

extension ListeningSocket {
    /// Takes one connection from the queue; `nil` when there is none. The accepted socket is in blocking mode, and not yet
    /// judged: call ``admits(_:)``.
    ///
    /// Every error leaves the listener as it was. `.descriptorsExhausted` and `.memoryExhausted` pass; note that the kernel
    /// reserves a descriptor before it looks at the queue, so that EMFILE does not say that somebody is waiting.
    func accept() throws(TransportError) -> Socket? {
        var result: Int32 = 0
        for _ in 0..<Self.maximumAttempts {
            result = ringipc_accept(descriptor)
            guard result < 0 else { return Socket(owning: result) }
            switch -result {
            case EAGAIN: return nil
            // A signal, or a client that left before it was accepted (accept(2)): neither concerns the next one.
            case EINTR, ECONNABORTED, EPROTO: continue
            default: throw TransportError(systemError: -result, during: .accept, on: endpoint)
            }
        }
        throw TransportError(systemError: -result, during: .accept, on: endpoint)
    }

    private static let maximumAttempts = 64

    /// The credentials of an accepted peer, or `nil` if the policy does not let it in.
    func admits(_ peer: borrowing Socket) throws(TransportError) -> PeerCredentials? {
        let credentials = try peer.peerCredentials(during: .accept)
        return acceptPolicy.accepts(credentials) ? credentials : nil
    }

    /// A ring's accept wants a blocking socket, where it waits; ``accept()`` wants a non-blocking one, or it blocks.
    func setNonBlocking(_ isNonBlocking: Bool) throws(TransportError) {
        let result = ringipc_set_nonblocking(descriptor, isNonBlocking)
        guard result == 0 else { throw TransportError(systemError: -result, during: .listen, on: endpoint) }
    }
}

// MARK: - Adopting

extension ListeningSocket {
    private static func prepareInherited(_ descriptor: Int32, takesDescriptors: Bool) throws(TransportError) {
        let endpoint = Endpoint.descriptor(descriptor)
        try Socket.requireStreamSocket(descriptor, during: .listen)
        guard ringipc_socket_option(descriptor, SO_ACCEPTCONN) == 1 else {
            throw TransportError(
                .invalidEndpoint, during: .listen, on: endpoint,
                detail: "the descriptor is not a listening socket; call listen(2) on it first, or connect to it "
                    + "if it is a connection (Accept=yes in a systemd unit)")
        }
        if !takesDescriptors { ringipc_refuse_descriptors(descriptor) }
        var result = ringipc_set_close_on_exec(descriptor)
        if result == 0 { result = ringipc_set_nonblocking(descriptor, true) }
        guard result == 0 else { throw TransportError(systemError: -result, during: .listen, on: endpoint) }
    }
}
