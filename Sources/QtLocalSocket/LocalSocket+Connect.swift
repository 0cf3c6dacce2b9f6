internal import RingIPC

// How a connection begins.

extension LocalSocket {
    /// Connects to a server. The connection is there when this returns, unless the server's listen queue is full: then the state is
    /// `connecting`, and the loop tries again for 30 seconds.
    ///
    /// - Parameters:
    ///   - name: an absolute path; else the name of a file in `TMPDIR`, or `/tmp`; with the option `abstractNamespace` the name as it is.
    ///     At most 107 bytes with its directory.
    ///   - mode: what it is opened for.
    /// - Throws: ``LocalSocketError``, which is also told by ``onError``: `operation` while there is a connection; `serverNotFound`,
    ///   `connectionRefused`, `socketAccess`, `unsupportedSocketOperation`, `socketResource`, `unknown`.
    public func connect(to name: String, mode: OpenMode = .readWrite) throws(LocalSocketError) {
        serverName = name
        try open(mode)
    }

    /// Connects to ``serverName``; see ``connect(to:mode:)``.
    ///
    /// - Throws: ``LocalSocketError``, as ``connect(to:mode:)``.
    public func open(_ mode: OpenMode = .readWrite) throws(LocalSocketError) {
        guard state == .unconnected else {
            let error = LocalSocketError(
                .operation, in: LocalSocketError.connecting, detail: "the socket is \(state); disconnect it before it connects anew")
            note(error)
            throw error
        }
        (error, errorString) = (.unknown, Self.noError)
        record?.detach(from: loop.core)
        record = nil
        isOpen = false
        openMode = mode
        connectDeadline = loop.deadline(after: .seconds(30))
        become(.connecting)
        try attempt()
    }

    private var endpoint: Endpoint { LocalName.endpoint(for: name, isAbstract: options.contains(.abstractNamespace)) }

    private func attempt() throws(LocalSocketError) {
        let outcome: Result<SocketParcel, LocalSocketError>
        do throws(TransportError) {
            guard !name.isEmpty else {
                throw TransportError(.invalidEndpoint, during: .connect, detail: "the name is empty; name the server")
            }
            outcome = .success(try loop.core.connect(to: endpoint))
        } catch {
            guard error.code != .timedOut else { return loop.addConnecting(self) }
            outcome = .failure(LocalSocketError(connecting: error))
        }
        try conclude(outcome)
    }

    private func conclude(_ outcome: Result<SocketParcel, LocalSocketError>) throws(LocalSocketError) {
        // A callback may have given up meanwhile.
        guard state == .connecting else { return }
        do { try establish(try outcome.get()) } catch {
            note(error)
            if state == .connecting { giveUpConnecting() }
            throw error
        }
        become(.connected)
        if state == .connected { onConnected?(self) }
    }

    private func establish(_ parcel: SocketParcel) throws(LocalSocketError) {
        fullServerName = LocalName.fullName(of: endpoint)
        try attach(parcel)
    }

    /// Gives a connected socket to the core.
    func attach(_ parcel: SocketParcel) throws(LocalSocketError) {
        let record = SocketRecord(of: self, descriptor: parcel.number, inputLimit: max(0, readBufferSize), queue: loop.records)
        record.isDiscardingInput = !openMode.contains(.readOnly)
        loop.core.open(parcel, handler: SocketHandler(record: record))
        guard record.connection != nil else {
            record.socket = nil
            fullServerName = ""
            throw LocalSocketError(.socketResource, detail: record.endDetail)
        }
        self.record = record
        isOpen = true
    }

    func giveUpConnecting() {
        openMode = []
        fullServerName = ""
        become(.unconnected)
    }

    /// Tries anew whether the listen queue has room. Returns whether to go on trying. Tells nothing.
    func retryConnecting() -> Bool {
        guard state == .connecting, connectOutcome == nil else { return false }
        do { connectOutcome = .success(try loop.core.connect(to: endpoint)) } catch {
            if error.code == .timedOut, loop.core.now < connectDeadline { return true }
            connectOutcome = .failure(LocalSocketError(connecting: error))
        }
        ConnectRecord(of: self, queue: loop.records).enqueue()
        return false
    }

    /// Tells what retrying came to.
    func tellConnectOutcome() -> Bool {
        guard let outcome = connectOutcome else { return false }
        connectOutcome = nil
        try? conclude(outcome)
        return true
    }

    // MARK: Descriptors

    /// Takes over a connected socket of this process, which belongs to this one from then on.
    ///
    /// - Parameters:
    ///   - descriptor: a Unix stream socket with a peer.
    ///   - mode: what it is opened for.
    /// - Throws: ``LocalSocketError``: `operation` while there is a connection; `serverNotFound`, `unknown` and `socketResource` for a
    ///   descriptor that is not suitable, which stays the caller's.
    public func adopt(descriptor: Int32, mode: OpenMode = .readWrite) throws(LocalSocketError) {
        guard state == .unconnected else {
            throw LocalSocketError(.operation, detail: "the socket is \(state); disconnect it before it takes a descriptor")
        }
        let parcel: SocketParcel
        do { parcel = try loop.core.connect(to: .descriptor(descriptor)) } catch { throw LocalSocketError(connecting: error) }
        try adopt(parcel, mode: mode)
    }

    /// The same for a socket that was accepted.
    func adopt(_ parcel: SocketParcel, mode: OpenMode = .readWrite) throws(LocalSocketError) {
        // At the server the peer has no name, but the socket has that of the listener.
        let endpoint = SocketName.peer(of: parcel.number) ?? SocketName.own(of: parcel.number)
        (error, errorString) = (.unknown, Self.noError)
        openMode = mode
        do { try attach(parcel) } catch {
            openMode = []
            throw error
        }
        name = LocalName.serverName(of: endpoint)
        fullServerName = LocalName.fullName(of: endpoint)
        state = .connected
    }
}

/// That a socket, whose server's listen queue was full, has a connection or has given up.
private final class ConnectRecord: Record {
    private weak var socket: LocalSocket?

    init(of socket: LocalSocket, queue: RecordQueue) {
        self.socket = socket
        super.init(queue: queue)
    }

    override func tell() -> Bool { socket?.tellConnectOutcome() ?? false }
}
