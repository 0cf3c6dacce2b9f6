internal import RingIPC

/// Accepts local connections, as `QLocalServer` does: they wait until they are taken by ``nextPendingConnection()``.
///
/// ```swift
/// let server = LocalServer(on: loop)
/// server.options = .userAccess
/// server.onNewConnection = { server in
///     guard let socket = server.nextPendingConnection() else { return }
///     socket.onReadyRead = { socket in print(socket.readAll().count) }
/// }
/// try server.listen(on: "echo")
/// ```
///
/// A server keeps the sockets that it gave out until they are disconnected, so that nobody else has to. A server that nobody has any more
/// is closed, and so are those of its sockets that nobody else has.
///
/// Where Qt's behaviour is a trap, the safe one is the default, and ``Compatibility`` has Qt's.
public final class LocalServer {
    /// Raw values are those of `QLocalServer::SocketOption`.
    public struct Options: OptionSet, Sendable, Hashable {
        /// The flags.
        public let rawValue: Int
        /// Makes options of flags.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// Processes of the same user can connect: the file's mode has 0700.
        public static let userAccess = Options(rawValue: 1)
        /// Processes of the same group can: 0070.
        public static let groupAccess = Options(rawValue: 2)
        /// All others can: 0007.
        public static let otherAccess = Options(rawValue: 4)
        /// Everybody can: 0777.
        public static let worldAccess: Options = [.userAccess, .groupAccess, .otherAccess]
        /// The name is one of the abstract namespace: no file, no mode; the other options do not count. Clients must say so, too.
        public static let abstractNamespace = Options(rawValue: 8)
    }

    /// Qt's behaviour in the place of the safe one, for programs that rely on it.
    public struct Compatibility: OptionSet, Sendable, Hashable {
        /// The flags.
        public let rawValue: Int
        /// Makes a set of flags.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// Without access options the umask decides who can connect, instead of only the same user.
        public static let umaskDecidesAccess = Compatibility(rawValue: 1 << 0)
        /// With an access option the name is taken over from a server that is alive.
        public static let accessOptionsReplaceLiveServers = Compatibility(rawValue: 1 << 1)
        /// Under an abstract name everybody can connect, instead of only the same user.
        public static let abstractNamesAdmitEverybody = Compatibility(rawValue: 1 << 2)
        /// ``LocalServer/removeServer(_:compatibility:)`` removes the name of a server that is alive.
        public static let removeServerRemovesLiveServers = Compatibility(rawValue: 1 << 3)
    }

    /// The loop that the server belongs to.
    public let loop: LocalEventLoop
    /// Where it behaves as Qt does.
    public let compatibility: Compatibility
    /// What the sockets get that it accepts.
    public let socketCompatibility: LocalSocket.Compatibility

    /// Who can connect, and how the name is meant. Read by ``listen(on:)-(String)``.
    public var options: Options = []
    /// Connections that the kernel holds before they are accepted. Read by ``listen(on:)-(String)``.
    public var listenBacklog: Int32 = 50
    /// Connections that wait to be taken at most. Further ones wait in the kernel, and look connected to their clients. With 0,
    /// ``waitForNewConnection(within:)`` still accepts one.
    public var maxPendingConnections = 30 { didSet { updateAccepting() } }

    /// The name that it listens under: as it was given, or for a descriptor the last component; empty while it does not listen.
    public private(set) var serverName = ""
    /// The path, or the abstract name; empty while it does not listen.
    public private(set) var fullServerName = ""
    /// The listening descriptor, which stays the server's; -1 while it does not listen.
    public private(set) var socketDescriptor: Int32 = -1
    /// The last error; `unknown` if there was none.
    public private(set) var error = LocalServerError.Code.unknown
    /// Qt's text for it; empty if there was none.
    public private(set) var errorString = ""

    /// A connection waits to be taken: called once for each.
    public var onNewConnection: ((LocalServer) -> Void)?
    /// Gets each accepted descriptor, which becomes its own, before ``onNewConnection`` is called: to give it to another thread, say, or to
    /// make a socket of another kind. Without it, a socket is made and added by ``addPendingConnection(_:)``.
    public var incomingConnection: ((LocalServer, Int32) -> Void)?

    private var record: ServerRecord?
    private var listener: ConnectionID?
    private(set) var pending: [LocalSocket] = []
    /// Connections there were, and how many of them a wait has reported, or a callback or taking has met.
    private var arrivalCount = 0
    private var seenCount = 0
    private var isWaiting = false
    /// Sockets that were taken and are not disconnected.
    private var taken: [ObjectIdentifier: LocalSocket] = [:]

    /// Makes a server that does not listen yet.
    ///
    /// - Parameters:
    ///   - loop: the one that runs it; must be of the calling thread.
    ///   - compatibility: where it behaves as Qt does.
    ///   - socketCompatibility: where the sockets that it accepts do.
    public init(on loop: LocalEventLoop, compatibility: Compatibility = [], socketCompatibility: LocalSocket.Compatibility = []) {
        self.loop = loop
        self.compatibility = compatibility
        self.socketCompatibility = socketCompatibility
    }

    deinit { stopListening() }
}

// MARK: Listening

extension LocalServer {
    /// Whether it listens.
    public var isListening: Bool { listener != nil }

    /// Begins to listen.
    ///
    /// The file of a server that is gone is replaced; that of a live one never is, unless ``Compatibility`` says so.
    /// - Parameter name: an absolute path; else the name of a file in `TMPDIR`, or `/tmp`; with the option `abstractNamespace` the name as
    ///   it is. At most 107 bytes with its directory.
    /// - Throws: ``LocalServerError``: `operation` when it listens already; `hostNotFound`, `addressInUse`, `socketAccess`, `unknown`. All
    ///   but the first are also in ``error``.
    public func listen(on name: String) throws(LocalServerError) {
        guard !isListening else { throw .alreadyListening }
        do throws(TransportError) {
            let isAbstract = options.contains(.abstractNamespace)
            guard !name.isEmpty else {
                throw TransportError(.invalidEndpoint, during: .listen, detail: "the name is empty; name the server")
            }
            let endpoint = LocalName.endpoint(for: name, isAbstract: isAbstract)
            if !isAbstract, hasAccessOptions, compatibility.contains(.accessOptionsReplaceLiveServers) {
                try SocketName.removeFile(at: LocalName.path(for: name), evenIfAlive: true)
            }
            try start(endpoint)
            serverName = name
        } catch { throw noted(LocalServerError(listening: error)) }
    }

    /// Takes over a listening socket of this process, which belongs to the server from then on. Its names are those that it is bound to,
    /// and its file stays.
    ///
    /// - Parameter descriptor: a Unix stream socket that listens.
    /// - Throws: ``LocalServerError``, as ``listen(on:)-(String)``, for a descriptor that is not suitable, which stays the caller's.
    public func listen(on descriptor: Int32) throws(LocalServerError) {
        guard !isListening else { throw .alreadyListening }
        do {
            let endpoint = try start(.descriptor(descriptor))
            serverName = LocalName.serverName(of: endpoint)
            if case .abstract = endpoint { options = .abstractNamespace }
        } catch { throw noted(LocalServerError(listening: error)) }
    }

    private var hasAccessOptions: Bool { !options.isDisjoint(with: .worldAccess) }

    @discardableResult
    private func start(_ endpoint: Endpoint) throws(TransportError) -> Endpoint {
        let record = ServerRecord(of: self, limit: maxPendingConnections, queue: loop.records)
        let started = try loop.core.listen(on: endpoint, configuration: configuration) { parcel, _ in record.accepted(parcel) }
        self.record = record
        listener = started.listener
        socketDescriptor = started.descriptor
        fullServerName = LocalName.fullName(of: started.endpoint)
        updateAccepting()
        return started.endpoint
    }

    private var configuration: Configuration {
        var configuration = loop.core.configuration
        configuration.listenBacklog = listenBacklog
        configuration.leavesModeToUmask = !hasAccessOptions && compatibility.contains(.umaskDecidesAccess)
        if hasAccessOptions {
            let bits: [(Options, UInt32)] = [(.userAccess, 0o700), (.groupAccess, 0o070), (.otherAccess, 0o007)]
            configuration.socketFileMode = bits.reduce(0) { options.contains($1.0) ? $0 | $1.1 : $0 }
        }
        if compatibility.contains(.abstractNamesAdmitEverybody) { configuration.acceptPolicy = .anyone }
        return configuration
    }

    private func noted(_ error: LocalServerError) -> LocalServerError {
        (self.error, errorString) = (error.code, error.text)
        return error
    }

    /// Stops listening, and removes the socket file if it is still its own. Connections that wait to be taken are disconnected; those that
    /// were taken go on.
    public func close() {
        stopListening()
        pending.removeAll()
        seenCount = arrivalCount
        (serverName, fullServerName, socketDescriptor) = ("", "", -1)
        (error, errorString) = (.unknown, "")
    }

    private func stopListening() {
        guard let listener else { return }
        self.listener = nil
        record = nil
        loop.close(listener)
    }

    /// Removes the socket file of a server that is gone, so that its name is free. ``listen(on:)-(String)`` does so by itself.
    ///
    /// - Parameters:
    ///   - name: as for ``listen(on:)-(String)``.
    ///   - compatibility: `removeServerRemovesLiveServers` to take the name from a server that is alive.
    /// - Returns: whether the name is free now. `false` when its server is alive, when it is no socket, and when this user may not remove
    ///   it.
    @discardableResult
    public static func removeServer(_ name: String, compatibility: Compatibility = []) -> Bool {
        let evenIfAlive = compatibility.contains(.removeServerRemovesLiveServers)
        return (try? SocketName.removeFile(at: LocalName.path(for: name), evenIfAlive: evenIfAlive)) != nil
    }
}

// MARK: Connections

extension LocalServer {
    /// Whether a connection waits to be taken.
    public var hasPendingConnections: Bool { !pending.isEmpty }

    /// Takes the connection that waits longest; `nil` if there is none. It may have ended meanwhile, and what it brought can still be read.
    public func nextPendingConnection() -> LocalSocket? {
        guard !pending.isEmpty else { return nil }
        let socket = pending.removeFirst()
        seenCount = max(seenCount, arrivalCount - pending.count)
        if socket.state != .unconnected {
            socket.server = self
            taken[ObjectIdentifier(socket)] = socket
        }
        updateAccepting()
        return socket
    }

    /// Adds a connection that ``nextPendingConnection()`` gives out. For ``incomingConnection``.
    public func addPendingConnection(_ socket: LocalSocket) {
        pending.append(socket)
        updateAccepting()
    }

    /// Waits for a connection: those that no earlier wait has reported, and that were not taken, count, also when they came before the
    /// call.
    ///
    /// - Parameter timeout: how long to wait at most; `nil` for ever.
    /// - Returns: whether there is such a connection. `false` at once when it does not listen, and when ``maxPendingConnections`` wait
    ///   already.
    @discardableResult
    public func waitForNewConnection(within timeout: Duration? = .zero) -> Bool {
        var timedOut = false
        return waitForNewConnection(within: timeout, timedOut: &timedOut)
    }

    /// The same, and says whether the time was over.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait at most; `nil` for ever.
    ///   - timedOut: becomes `true` only when there was something to wait for and it did not come in time.
    /// - Returns: as ``waitForNewConnection(within:)``.
    @discardableResult
    public func waitForNewConnection(within timeout: Duration? = .zero, timedOut: inout Bool) -> Bool {
        timedOut = false
        guard isListening, let record else { return false }
        isWaiting = true
        updateAccepting()
        defer {
            isWaiting = false
            updateAccepting()
        }
        let before = seenCount
        let deadline = loop.deadline(after: timeout)
        while arrivalCount == before, !tellFirst(record), record.hasRoom, loop.isSound, self.record === record {
            guard !timedOut else { return false }
            timedOut = loop.core.now >= deadline
            loop.turn(until: deadline)
        }
        guard arrivalCount > before else { return false }
        timedOut = false
        seenCount = max(seenCount, before + 1)
        return true
    }

    /// Those who were accepted become pending connections, one by one. Returns whether there were any.
    func tell(_ record: ServerRecord) -> Bool {
        var hasTold = false
        while tellFirst(record) {
            hasTold = true
            if onNewConnection != nil { seenCount = arrivalCount }
        }
        return hasTold
    }

    private func tellFirst(_ record: ServerRecord) -> Bool {
        guard self.record === record, let parcel = record.removeFirst() else { return false }
        arrivalCount += 1
        welcome(parcel)
        // Also when it is not pending: its place is free.
        updateAccepting()
        onNewConnection?(self)
        return true
    }

    private func welcome(_ parcel: SocketParcel) {
        if let incomingConnection {
            guard let descriptor = parcel.takeDescriptor() else { return }
            return incomingConnection(self, descriptor)
        }
        let socket = LocalSocket(on: loop, compatibility: socketCompatibility)
        do { try socket.adopt(parcel) } catch { return }
        addPendingConnection(socket)
    }

    private func updateAccepting() {
        guard let listener, let record else { return }
        record.limit = max(isWaiting ? 1 : 0, maxPendingConnections)
        record.pendingCount = pending.count
        if record.hasRoom { loop.core.resumeAccepting(listener) } else { loop.core.pauseAccepting(listener) }
    }

    /// It is disconnected.
    func letGo(of socket: LocalSocket) { taken[ObjectIdentifier(socket)] = nil }
}
