/// Runs many connections on one thread: the one that calls ``run()``.
///
/// ```swift
/// let loop = try EventLoop()
/// try loop.listen(on: .path("/run/echo.sock")) { peer in Echo() }
/// try loop.run()
/// ```
///
/// The backend is made by `run`, on the thread that runs it: a ring belongs to one thread. Everything else can be called from any
/// thread, before or while the loop runs.
public final class EventLoop: Sendable {
    /// The limits and choices of the loop and of all its connections.
    public let configuration: Configuration
    private let mailbox: Mailbox
    /// The kernel's double that the loop runs over; `nil` for Linux.
    private let double: (any KernelDouble)?

    /// Makes a loop that does not run yet.
    ///
    /// - Throws: ``TransportError``: `invalidConfiguration`.
    public init(configuration: Configuration = Configuration()) throws(TransportError) {
        try configuration.validate()
        self.configuration = configuration
        mailbox = try Mailbox()
        double = nil
    }

    /// Makes a loop that runs over a double of the kernel, turn by turn: see ``stepped()``.
    package init(configuration: Configuration, over double: any KernelDouble) throws(TransportError) {
        try configuration.validate()
        self.configuration = configuration
        mailbox = try Mailbox()
        self.double = double
    }

    /// Listens, and gives each connection a handler of its own. The socket is bound when this returns; connections are accepted once
    /// the loop runs.
    ///
    /// A loop has at most 64 listeners; one more, or one that the backend refuses, ends ``run()`` with its error.
    ///
    /// - Parameters:
    ///   - endpoint: a name, or a listening descriptor, which becomes the loop's.
    ///   - handler: called on the loop's thread for each accepted peer; makes the handler of its connection. Must not block.
    /// - Throws: ``TransportError``, as ``Listener/init(_:configuration:)``.
    @inlinable
    public func listen<Handler: ConnectionHandler>(
        on endpoint: Endpoint, handler: @escaping @Sendable (PeerCredentials?) -> Handler
    ) throws(TransportError) {
        try listen(on: endpoint, spreadOver: []) { HandlerBox(handler($0)) }
    }

    @usableFromInline
    func listen(
        on endpoint: Endpoint, spreadOver siblings: [EventLoop],
        makeHandler: @escaping @Sendable (PeerCredentials?) -> AnyConnectionHandler
    ) throws(TransportError) {
        let socket = try listeningSocket(on: endpoint)
        let entry = ListenerEntry(socket: socket, welcome: .handler(siblings: siblings, make: makeHandler))
        // Nobody else has the entry: from here on it belongs to the loop.
        nonisolated(unsafe) let sent = entry
        mailbox.post { loop in
            do throws(TransportError) { _ = try unsafe loop.operations.add(sent) } catch { loop.operations.fail(with: error) }
        }
    }

    private func listeningSocket(on endpoint: Endpoint) throws(TransportError) -> ListeningSocket {
        guard let double else { return try ListeningSocket(endpoint, configuration: configuration) }
        return try ListeningSocket(endpoint, over: double, configuration: configuration)
    }

    /// Connects, on the loop's thread. The handler hears of success by `opened`, of failure by `closed`.
    ///
    /// A server whose listen queue is full is tried again until ``Configuration/connectTimeout`` has passed. Returns at once.
    @inlinable
    public func connect<Handler: ConnectionHandler & Sendable>(to endpoint: Endpoint, handler: Handler) {
        connect(to: endpoint) { HandlerBox(handler) }
    }

    @usableFromInline
    func connect(to endpoint: Endpoint, makeHandler: @escaping @Sendable () -> AnyConnectionHandler) {
        mailbox.post { [configuration] loop in
            let deadline = configuration.connectTimeout.after(loop.now)
            loop.operations.connect(to: endpoint, until: deadline, handler: makeHandler())
        }
    }

    /// Runs a closure on the loop's thread, between two turns, in the order of posting. Wakes the loop if it sleeps.
    ///
    /// A closure that is posted before the loop runs waits for it; one that is posted after its end is never called.
    ///
    /// - Parameter job: must not block. The context is valid during the call only.
    public func post(_ job: @escaping @Sendable (inout LoopContext) -> Void) { mailbox.post(job) }

    /// Ends the loop in order: listeners stop, every connection sends what is queued and says goodbye, then ``run()`` returns. Takes at
    /// most ``Configuration/drainTimeout``. From any thread, also from a handler; a loop that does not run yet ends as soon as it does.
    public func stop() { mailbox.post { $0.stop() } }

    /// Runs the loop on the calling thread until ``stop()``. A loop runs on one thread at a time.
    ///
    /// - Throws: ``TransportError``: `backendUnavailable` for a named backend that does not work here; `systemFailure` and its like when the
    ///   kernel refuses the loop itself. Errors of single connections go to their handlers.
    public func run() throws(TransportError) {
        guard double == nil else {
            throw TransportError(.invalidConfiguration, during: .run, detail: "the loop belongs to a simulated kernel; step the kernel instead")
        }
        try Self.runner(configuration, mailbox).run()
    }

    /// A loop over Linux, for the thread that calls this.
    static func runner(_ configuration: Configuration, _ mailbox: Mailbox) throws(TransportError) -> AnyLoop {
        func epoll(_ report: BackendReport) throws(TransportError) -> AnyLoop {
            let backend = try EpollBackend(kernel: LinuxKernel(), configuration: configuration)
            return AnyLoop(try LoopRunner(backend: backend, mailbox: mailbox, report: report, configuration: configuration))
        }
        switch try BackendSelection(configuration) {
        case .epoll(let report): return try epoll(report)
        case .uring(let report):
            let backend: UringBackend<LiburingQueues>
            do { backend = try UringBackend(configuration: configuration) } catch {
                guard configuration.backend == .automatic else { throw BackendReport.unavailable(error) }
                return try epoll(.epollInstead(of: error))
            }
            return AnyLoop(try LoopRunner(backend: backend, mailbox: mailbox, report: report, configuration: configuration))
        }
    }

    func adopt(
        _ socket: consuming Socket, peer: PeerCredentials?,
        makeHandler: @escaping @Sendable (PeerCredentials?) -> AnyConnectionHandler
    ) {
        let parcel = SocketParcel(socket)
        mailbox.offer { loop in
            guard let socket = parcel.take() else { return }
            loop.operations.open(socket, peer: peer, handler: makeHandler(peer))
        }
    }
}

extension EventLoop {
    /// The loop over its double, ready for its first turn.
    package func stepped() throws(TransportError) -> any SteppedLoop {
        guard let double else {
            throw TransportError(.invalidConfiguration, during: .run, detail: "only a loop over a double can be stepped")
        }
        guard configuration.backend != .epoll else { return try stepped(try Self.epoll(over: double, configuration), .epollByName) }
        return try stepped(try Self.ring(over: double, configuration), .ioUringByName)
    }

    private func stepped<B: Backend & ~Copyable>(
        _ backend: consuming B, _ report: BackendReport
    ) throws(TransportError) -> any SteppedLoop {
        let runner = try LoopRunner(backend: backend, mailbox: mailbox, report: report, configuration: configuration)
        try runner.start()
        return runner
    }

    private static func epoll(
        over double: any KernelDouble, _ configuration: Configuration
    ) throws(TransportError) -> EpollBackend<DoubledKernel> {
        try EpollBackend(kernel: DoubledKernel(standIn: double), configuration: configuration)
    }

    private static func ring(
        over double: any KernelDouble, _ configuration: Configuration
    ) throws(TransportError) -> UringBackend<DoubledQueues> {
        do {
            let ring = UringRing(queues: try DoubledQueues(double), features: configuration.uringFeatures)
            return try UringBackend(ring: ring, configuration: configuration)
        } catch {
            throw BackendReport.unavailable(error)
        }
    }

    /// A loop over a double, for the thread that calls this.
    static func runner(
        _ configuration: Configuration, _ mailbox: Mailbox, over double: any KernelDouble
    ) throws(TransportError) -> AnyLoop {
        guard configuration.backend != .epoll else {
            let backend = try epoll(over: double, configuration)
            return AnyLoop(try LoopRunner(backend: backend, mailbox: mailbox, report: .epollByName, configuration: configuration))
        }
        let backend = try ring(over: double, configuration)
        return AnyLoop(try LoopRunner(backend: backend, mailbox: mailbox, report: .ioUringByName, configuration: configuration))
    }
}
