internal import CRingIPC

/// The owner of a stream socket's descriptor, which is closed with it.
struct Socket: ~Copyable {
    private(set) var descriptor: Int32
    /// The double that the socket is of; `nil` for one of Linux.
    let double: (any KernelDouble)?

    /// Takes over a descriptor that nobody else closes, without looking at it.
    init(owning descriptor: Int32, of double: (any KernelDouble)? = nil) {
        self.descriptor = descriptor
        self.double = double
    }

    /// Gives the descriptor away; closing it is up to the caller from now on.
    consuming func release() -> Int32 {
        let released = descriptor
        descriptor = -1
        return released
    }

    deinit {
        if descriptor >= 0 { close(descriptor, of: double) }
    }

    /// A new stream socket in blocking mode.
    ///
    /// - Parameter takesDescriptors: whether the peer may pass descriptors, by which it offers shared memory.
    static func stream(
        during operation: TransportError.Operation, on endpoint: Endpoint, takesDescriptors: Bool
    ) throws(TransportError) -> Socket {
        let descriptor = ringipc_socket_stream()
        guard descriptor >= 0 else { throw TransportError(systemError: -descriptor, during: operation, on: endpoint) }
        if !takesDescriptors { ringipc_refuse_descriptors(descriptor) }
        return Socket(owning: descriptor)
    }

    func peerCredentials(during operation: TransportError.Operation) throws(TransportError) -> PeerCredentials {
        if let double { return double.credentials(of: descriptor) }
        return try PeerCredentials(of: descriptor, during: operation)
    }
}

// MARK: - Connecting

extension Socket {
    /// One attempt that never blocks, as of ``connect(to:timeout:)`` with a timeout of zero.
    static func connect(
        to endpoint: Endpoint, over double: (any KernelDouble)?, takesDescriptors: Bool = false
    ) throws(TransportError) -> Socket {
        guard let double else { return try connect(to: endpoint, timeout: .zero, takesDescriptors: takesDescriptors) }
        try endpoint.validate(during: .connect)
        let result = double.connect(to: endpoint)
        if result == -EAGAIN { throw fullQueue(endpoint, .zero) }
        guard result >= 0 else { throw TransportError(systemError: -result, during: .connect, on: endpoint) }
        return Socket(owning: result, of: double)
    }

    /// Connects, or adopts a connected descriptor. The socket is in blocking mode: a ring's requests on a non-blocking one fail
    /// with EAGAIN instead of waiting, and a single call that must not block has MSG_DONTWAIT.
    ///
    /// The only thing to wait for is room in the server's listen queue. A `timeout` of zero makes one attempt that never
    /// blocks. A descriptor that is refused stays the caller's.
    static func connect(to endpoint: Endpoint, timeout: Duration, takesDescriptors: Bool = false) throws(TransportError) -> Socket {
        try endpoint.validate(during: .connect)
        let (name, isAbstract): (String, Bool)
        switch endpoint {
        case .path(let path): (name, isAbstract) = (path, false)
        case .abstract(let abstract): (name, isAbstract) = (abstract, true)
        case .descriptor(let descriptor): return try adoptConnected(descriptor, takesDescriptors: takesDescriptors)
        }
        // The server may pass a descriptor as soon as we are connected.
        let socket = try stream(during: .connect, on: endpoint, takesDescriptors: takesDescriptors)
        return try connect(socket, to: endpoint, name: name, abstract: isAbstract, timeout: timeout)
    }

    private static func connect(
        _ socket: consuming Socket, to endpoint: Endpoint, name: String, abstract: Bool, timeout: Duration
    ) throws(TransportError) -> Socket {
        let nanoseconds = max(0, timeout.nanosecondsRoundedUp)
        let deadline = ringipc_monotonic_nanoseconds().addingReportingOverflow(nanoseconds)
        let lastMoment = deadline.overflow ? Int64.max : deadline.partialValue

        // With O_NONBLOCK a full queue could only be asked again and again, since poll(2) does not wait for an unconnected
        // Unix socket. A blocking connect sleeps in the kernel until the server accepts somebody, and SO_SNDTIMEO bounds that
        // sleep, after which it fails with EAGAIN too (socket(7)).
        var remaining = nanoseconds
        while true {
            let result =
                remaining > 0
                ? try attempt(socket.descriptor, name, abstract, waiting: min(remaining, longestSleep), endpoint)
                : try attemptWithoutWaiting(socket.descriptor, name, abstract, endpoint)
            switch -result {
            case 0: return socket
            case EINTR: break
            case EAGAIN:
                guard ringipc_monotonic_nanoseconds() < lastMoment else { throw fullQueue(endpoint, timeout) }
            default: throw connectFailure(-result, endpoint)
            }
            // A signal that keeps interrupting cannot push the deadline: past it one last attempt does not wait.
            remaining = max(0, lastMoment - ringipc_monotonic_nanoseconds())
        }
    }

    /// The kernel wakes one waiting client for each accept. One that was woken as its time ran out takes that wake-up away with
    /// it, and the room it leaves is noticed by nobody: so no sleep is longer than this many nanoseconds.
    private static let longestSleep: Int64 = 250_000_000

    private static func attempt(
        _ descriptor: Int32, _ name: String, _ abstract: Bool, waiting nanoseconds: Int64, _ endpoint: Endpoint
    ) throws(TransportError) -> Int32 {
        try check(ringipc_set_send_timeout(descriptor, nanoseconds), endpoint)
        let result = unsafe ringipc_connect(descriptor, name, name.utf8.count, abstract)
        // Sends wait for as long as they are told to, not for as long as connecting was allowed to.
        try check(ringipc_set_send_timeout(descriptor, 0), endpoint)
        return result
    }

    private static func attemptWithoutWaiting(
        _ descriptor: Int32, _ name: String, _ abstract: Bool, _ endpoint: Endpoint
    ) throws(TransportError) -> Int32 {
        try check(ringipc_set_nonblocking(descriptor, true), endpoint)
        let result = unsafe ringipc_connect(descriptor, name, name.utf8.count, abstract)
        try check(ringipc_set_nonblocking(descriptor, false), endpoint)
        return result
    }

    private static func check(_ result: Int32, _ endpoint: Endpoint) throws(TransportError) {
        guard result >= 0 else { throw TransportError(systemError: -result, during: .connect, on: endpoint) }
    }

    private static func fullQueue(_ endpoint: Endpoint, _ timeout: Duration) -> TransportError {
        TransportError(
            .timedOut, during: .connect, on: endpoint, systemError: EAGAIN,
            detail: "the server's listen queue is full and no room came within \(timeout); "
                + "it accepts too slowly, or its listenBacklog or net.core.somaxconn is too small")
    }

    private static func connectFailure(_ number: Int32, _ endpoint: Endpoint) -> TransportError {
        switch (number, endpoint) {
        case (ECONNREFUSED, .path(let path)) where FileStatus(following: path)?.isSocket == false:
            // connect(2) says the same of a file that is no socket as of a socket without a server.
            TransportError(
                .notASocket, during: .connect, on: endpoint, systemError: number,
                detail: "the file under this name is not a socket; check the path")
        case (EPROTOTYPE, _):
            TransportError(
                .incompatiblePeer, during: .connect, on: endpoint, systemError: number,
                detail: "the socket under this name is not a stream socket; another program owns it")
        default: TransportError(systemError: number, during: .connect, on: endpoint)
        }
    }
}

// MARK: - Adopting

extension Socket {
    private static func adoptConnected(_ descriptor: Int32, takesDescriptors: Bool) throws(TransportError) -> Socket {
        let endpoint = Endpoint.descriptor(descriptor)
        try requireStreamSocket(descriptor, during: .connect)
        guard ringipc_socket_option(descriptor, SO_ACCEPTCONN) == 0 else {
            throw TransportError(
                .invalidEndpoint, during: .connect, on: endpoint,
                detail: "the descriptor is a listening socket; open a listener on it, or pass a connected socket")
        }
        guard ringipc_has_peer(descriptor) == 0 else {
            throw TransportError(
                .invalidEndpoint, during: .connect, on: endpoint, systemError: ENOTCONN,
                detail: "the descriptor is a socket without a peer; connect it first, or pass the path instead")
        }
        try check(ringipc_set_close_on_exec(descriptor), endpoint)
        if !takesDescriptors { ringipc_refuse_descriptors(descriptor) }
        try check(ringipc_set_nonblocking(descriptor, false), endpoint)
        return Socket(owning: descriptor)
    }

    /// Refuses what is not an open Unix stream socket. The descriptor is not changed.
    static func requireStreamSocket(_ descriptor: Int32, during operation: TransportError.Operation) throws(TransportError) {
        let endpoint = Endpoint.descriptor(descriptor)
        let domain = ringipc_socket_option(descriptor, SO_DOMAIN)
        switch domain {
        case AF_UNIX: break
        case -EBADF:
            throw TransportError(
                .invalidEndpoint, during: operation, on: endpoint, systemError: EBADF, detail: "the descriptor is not open")
        case -ENOTSOCK:
            throw TransportError(
                .notASocket, during: operation, on: endpoint, systemError: ENOTSOCK, detail: "the descriptor is not a socket")
        case ..<0: throw TransportError(systemError: -domain, during: operation, on: endpoint)
        default:
            throw TransportError(
                .invalidEndpoint, during: operation, on: endpoint,
                detail: "the socket has address family \(domain), not AF_UNIX; RingIPC is for local sockets")
        }
        guard ringipc_socket_option(descriptor, SO_TYPE) == Int32(SOCK_STREAM.rawValue) else {
            throw TransportError(
                .invalidEndpoint, during: operation, on: endpoint,
                detail: "the socket is not a stream socket; make it with SOCK_STREAM (ListenStream= in a systemd unit)")
        }
    }
}
