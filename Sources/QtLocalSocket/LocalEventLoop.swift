public import RingIPC

/// The event loop of local servers and sockets: one thread runs it, and everything on it belongs to that thread.
///
/// ```swift
/// let loop = try LocalEventLoop()
/// let server = LocalServer(on: loop)
/// server.onNewConnection = { server in
///     while let socket = server.nextPendingConnection() {
///         socket.onReadyRead = { socket in try? socket.write(socket.readAll()) }
///     }
/// }
/// try server.listen(on: "echo")
/// try loop.run()
/// ```
///
/// A loop moves bytes in turns of the core, which only note what happened. Callbacks are called between two turns: they may do
/// anything, also wait (``LocalSocket/waitForReadyRead(within:)`` and the like), run the loop again, or close what called them.
///
/// Sockets and servers keep their loop alive. When the last of them is gone, and nobody else has the loop, connections that are still
/// sending are cut off. Not `Sendable`: each thread has a loop of its own.
public final class LocalEventLoop {
    let core: ManualLoop
    let records = RecordQueue()
    /// Sockets whose server's listen queue was full.
    private var connecting: [WeakSocket] = []
    /// Connections with unsent output.
    private var writers: [SocketRecord] = []
    private var runDepth = 0
    private var isQuitting = false
    /// Why the core cannot go on.
    private var failure: TransportError?

    private struct WeakSocket { weak var socket: LocalSocket? }

    /// Makes a loop for the calling thread.
    ///
    /// - Throws: `TransportError`: `backendUnavailable` for a named backend that does not work here; `descriptorsExhausted`,
    ///   `memoryExhausted`.
    public convenience init(backend: BackendChoice = .automatic) throws(TransportError) {
        var configuration = Configuration()
        configuration.backend = backend
        try self.init(configuration)
    }

    /// - Parameter configuration: what concerns the kernel, and sizes; the rest is Qt's way.
    package init(_ configuration: Configuration) throws(TransportError) {
        var configuration = configuration
        configuration.format = .bytes
        configuration.wait = .block
        // Each socket has a limit of its own.
        configuration.outboundLimit = 1 << 40
        // One notification brings what one read of Qt's would bring.
        configuration.pooledBufferSize = 64 << 10
        configuration.pooledBufferCount = 64
        core = try ManualLoop(configuration: configuration)
    }

    /// Which interface of the kernel moves the bytes, and why.
    public var backend: BackendReport { core.backend }

    /// Waits for what happens and tells it, until ``quit()``.
    ///
    /// - Throws: `TransportError` when the kernel refuses the loop itself. Errors of single sockets go to their callbacks.
    public func run() throws(TransportError) {
        runDepth += 1
        isQuitting = false
        defer {
            runDepth -= 1
            isQuitting = false
        }
        while !isQuitting { try processEvents(within: nil) }
    }

    /// Ends the innermost ``run()`` when the present callback returns. Nothing happens when the loop does not run.
    public func quit() { isQuitting = runDepth > 0 }

    /// Waits until something happened, and tells it.
    ///
    /// - Parameter timeout: how long to wait at most; zero only looks, `nil` waits for ever, or until ``quit()``.
    /// - Returns: whether anything was told.
    /// - Throws: `TransportError`, as ``run()``.
    @discardableResult
    public func processEvents(within timeout: Duration? = .zero) throws(TransportError) -> Bool {
        let deadline = deadline(after: timeout)
        var hasTold = tellAll()
        while true {
            turn(until: hasTold ? 0 : deadline)
            if let failure { throw failure }
            hasTold = tellAll() || hasTold
            if hasTold || isQuitting || core.now >= deadline { return hasTold }
        }
    }

    private func tellAll() -> Bool {
        var hasTold = false
        while let record = records.removeFirst() { hasTold = record.tell() || hasTold }
        return hasTold
    }
}

// MARK: What sockets and servers do with it

extension LocalEventLoop {
    /// For ever when that is beyond what the clock can say.
    func deadline(after timeout: Duration?) -> Int64 {
        timeout.map { $0.after(core.now) } ?? .max
    }

    /// Whether the core can go on.
    var isSound: Bool { failure == nil }

    /// One turn of the core. Calls no callback, so it can be run anywhere between two turns.
    func turn(until deadline: Int64) {
        guard failure == nil else { return }
        let retry = retryConnecting()
        // Not only in the turn: it would sleep with what was sent untold.
        core.sendQueued()
        lookAtWriters()
        do { try core.turn(until: records.isEmpty ? min(deadline, retry) : 0) } catch { failure = error }
        lookAtWriters()
    }

    /// Hands over what is queued, as far as the kernel takes it now.
    func flush(_ record: SocketRecord) {
        guard failure == nil, let connection = record.connection else { return }
        do { try core.flush(connection) } catch { failure = error }
        lookAtWriters()
    }

    func close(_ listener: ConnectionID) {
        guard failure == nil else { return }
        do { try core.close(listener: listener) } catch { failure = error }
    }

    func addWriter(_ record: SocketRecord) {
        guard !record.isWriting else { return }
        record.isWriting = true
        writers.append(record)
    }

    private func lookAtWriters() {
        guard !writers.isEmpty else { return }
        writers.removeAll { record in
            record.lookAtOutput(core)
            return !record.isWriting
        }
    }

    // MARK: Full listen queues

    /// The kernel does not tell when there is room, so it is asked now and then.
    private static var retryInterval: Int64 { 1_000_000 }

    func addConnecting(_ socket: LocalSocket) { connecting.append(WeakSocket(socket: socket)) }

    /// Returns when to ask again.
    private func retryConnecting() -> Int64 {
        guard !connecting.isEmpty else { return .max }
        connecting.removeAll { $0.socket?.retryConnecting() != true }
        return connecting.isEmpty ? .max : core.now + Self.retryInterval
    }
}
