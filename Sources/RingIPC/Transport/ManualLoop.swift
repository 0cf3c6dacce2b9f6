/// A loop that its owner runs turn by turn, on the thread that made it. For modules that lay an event loop of another kind over
/// this one: handlers are called inside a turn and record what happened, their owner acts between two turns.
///
/// Must be used on one thread; never from inside a handler.
package final class ManualLoop {
    private let loop: AnyLoop
    private var operations: any LoopOperations { loop.operations }
    package let configuration: Configuration
    /// The kernel's double that it runs over; `nil` for Linux.
    private let double: (any KernelDouble)?

    /// - Throws: ``TransportError``, as ``EventLoop/run()``.
    package init(configuration: Configuration) throws(TransportError) {
        try configuration.validate()
        self.configuration = configuration
        double = nil
        loop = try EventLoop.runner(configuration, Mailbox())
        try loop.operations.start()
    }

    /// A loop over a double of the kernel, whose waits do not sleep.
    package init(configuration: Configuration, over double: any KernelDouble) throws(TransportError) {
        try configuration.validate()
        self.configuration = configuration
        self.double = double
        loop = try EventLoop.runner(configuration, Mailbox(), over: double)
        try loop.operations.start()
    }

    /// Cuts off what is left.
    deinit { operations.finish() }

    package var backend: BackendReport { operations.report }
    /// The loop's clock as it is now.
    package var now: Int64 { double?.now ?? LinuxKernel().now }

    /// One pass, which sleeps until `limit` at most.
    package func turn(until limit: Int64) throws(TransportError) { try loop.turn(limit) }

    // MARK: Connections

    /// One attempt that does not wait.
    ///
    /// - Throws: ``TransportError``, as ``Connection/init(connectingTo:configuration:)``; `timedOut` when the listen queue is full.
    package func connect(to endpoint: Endpoint) throws(TransportError) -> SocketParcel {
        SocketParcel(try Socket.connect(to: endpoint, over: double))
    }

    /// The handler is told of success or failure before this returns.
    package func open<Handler: ConnectionHandler>(_ socket: SocketParcel, handler: Handler) {
        guard let socket = socket.take() else { return }
        operations.open(socket, peer: nil, handler: HandlerBox(handler))
    }

    /// Queues bytes as one frame. It leaves with the next turn, or a flush.
    package func queue(_ bytes: RawSpan, on connection: ConnectionID) throws(TransportError) {
        try operations.queue(bytes, on: connection)
    }

    /// Gives the kernel what it takes now of what is queued. May run a turn.
    package func flush(_ connection: ConnectionID) throws(TransportError) {
        operations.flush(connection)
        try turn(until: 0)
    }

    /// Gives the kernel what it takes now of all that is queued, as far as the backend can do it without a turn.
    package func sendQueued() { loop.sendQueued() }

    package func sendState(of connection: ConnectionID) -> SendState? { operations.sendState(of: connection) }
    package func pauseReceiving(_ connection: ConnectionID) { operations.pauseReceiving(connection) }
    package func resumeReceiving(_ connection: ConnectionID) { operations.resumeReceiving(connection) }
    /// In order: what is queued is delivered first.
    package func close(_ connection: ConnectionID) { operations.close(connection) }
    package func abort(_ connection: ConnectionID) { operations.abort(connection) }

    // MARK: Listeners

    /// Listens, and accepts nobody until ``resumeAccepting(_:)``. Whoever is accepted goes to `take`, inside a turn, which says whether it
    /// takes more; if not, accepting is paused.
    ///
    /// - Returns: the listener's name in this loop, and where it listens.
    package func listen(
        on endpoint: Endpoint, configuration: Configuration, take: @escaping (SocketParcel, PeerCredentials) -> Bool
    ) throws(TransportError) -> (listener: ConnectionID, endpoint: Endpoint, descriptor: Int32) {
        let entry = ListenerEntry(socket: try listeningSocket(endpoint, configuration), welcome: .owner(take))
        entry.isHeldBack = true
        return (try operations.add(entry), entry.socket.endpoint, entry.socket.descriptor)
    }

    private func listeningSocket(_ endpoint: Endpoint, _ configuration: Configuration) throws(TransportError) -> ListeningSocket {
        guard let double else { return try ListeningSocket(endpoint, configuration: configuration) }
        return try ListeningSocket(endpoint, over: double, configuration: configuration)
    }

    package func pauseAccepting(_ listener: ConnectionID) { operations.pauseAccepting(listener) }
    package func resumeAccepting(_ listener: ConnectionID) { operations.resumeAccepting(listener) }

    /// Nobody can connect any more when this returns, and the socket file is gone. Runs turns for it.
    package func close(listener: ConnectionID) throws(TransportError) {
        operations.remove(listener)
        while operations.hasListener(listener) { try turn(until: now + 1_000_000) }
    }
}
