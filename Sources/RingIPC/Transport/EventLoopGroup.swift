internal import Synchronization

/// Several event loops, each on a thread of its own. Accepted connections are spread over them in turn, and stay where they are.
///
/// ```swift
/// let group = try EventLoopGroup(loops: 4)
/// try group.listen(on: .path("/run/echo.sock")) { peer in Echo() }
/// try group.run()
/// ```
public final class EventLoopGroup: Sendable {
    /// The loops, to post to. The first one accepts for all.
    public let loops: [EventLoop]

    /// Makes loops that do not run yet.
    ///
    /// - Parameters:
    ///   - count: at least one; more than there are CPUs gain nothing.
    ///   - configuration: that of each loop; its limits are per loop.
    /// - Throws: ``TransportError``: `invalidConfiguration`.
    public init(loops count: Int, configuration: Configuration = Configuration()) throws(TransportError) {
        guard count >= 1 else {
            throw TransportError(.invalidConfiguration, during: .configure, detail: "a group has at least one loop, not \(count)")
        }
        var loops: [EventLoop] = []
        for _ in 0..<count { loops.append(try EventLoop(configuration: configuration)) }
        self.loops = loops
    }

    /// A group of loops over a double of the kernel, which are stepped one by one.
    package init(over loops: [EventLoop]) { self.loops = loops }

    /// As ``EventLoop/listen(on:handler:)``; `handler` is called on the loop that a connection is given to.
    @inlinable
    public func listen<Handler: ConnectionHandler>(
        on endpoint: Endpoint, handler: @escaping @Sendable (PeerCredentials?) -> Handler
    ) throws(TransportError) {
        try loops[0].listen(on: endpoint, spreadOver: loops) { HandlerBox(handler($0)) }
    }

    /// Runs the loops until ``stop()``: the first on the calling thread, the others on threads that end with it.
    ///
    /// - Throws: the first error that ended a loop; the others are stopped then.
    public func run() throws(TransportError) {
        let outcome = Outcome()
        var threads: [LoopThread] = []
        for loop in loops.dropFirst() {
            do {
                threads.append(try LoopThread { self.run(loop, outcome) })
            } catch {
                outcome.note(error)
                stop()
            }
        }
        run(loops[0], outcome)
        for thread in threads { thread.join() }
        if let error = outcome.firstError { throw error }
    }

    private func run(_ loop: EventLoop, _ outcome: Outcome) {
        do { try loop.run() } catch {
            outcome.note(error)
            stop()
        }
    }

    /// The first error of several threads.
    private final class Outcome: Sendable {
        private let error = Mutex<TransportError?>(nil)
        var firstError: TransportError? { error.withLock { $0 } }
        func note(_ new: TransportError) { error.withLock { $0 = $0 ?? new } }
    }

    /// Ends all loops in order; see ``EventLoop/stop()``.
    public func stop() {
        for loop in loops { loop.stop() }
    }
}
