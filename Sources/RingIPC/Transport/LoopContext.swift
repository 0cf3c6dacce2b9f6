/// A running loop, seen from a job on its thread: what ``EventLoop/post(_:)`` gives its closure.
public struct LoopContext: ~Copyable {
    let operations: any LoopOperations

    /// Sends a frame on a connection of this loop. Use it to reach a connection from another thread, or from another connection's handler.
    ///
    /// - Throws: ``TransportError``: `closed` when the connection is gone or not open yet, and what ``Outbound/send(_:)`` throws.
    public mutating func send(to connection: ConnectionID, _ bytes: RawSpan) throws(TransportError) {
        try operations.send(to: connection, bytes)
    }

    /// Ends a connection in order. Nothing happens if it is gone.
    public mutating func close(_ connection: ConnectionID) { operations.close(connection) }

    /// Takes no more input on a connection until ``resumeReceiving(_:)``; as ``Outbound/pauseReceiving()``, from outside of its handler. Nothing
    /// happens if it is gone.
    public mutating func pauseReceiving(_ connection: ConnectionID) { operations.pauseReceiving(connection) }

    /// Takes input again on a connection whose receiving was paused. What had arrived before is delivered in the next turn. Nothing happens
    /// if it is gone, or was not paused.
    public mutating func resumeReceiving(_ connection: ConnectionID) { operations.resumeReceiving(connection) }

    /// Runs a closure on this loop after at least `delay`. Closures whose time has not come when the loop ends are dropped.
    public mutating func schedule(after delay: Duration, _ job: @escaping (inout LoopContext) -> Void) {
        operations.schedule(at: delay.after(now), job)
    }

    /// Ends the loop in order; see ``EventLoop/stop()``.
    public mutating func stop() { operations.stop() }

    /// Connections of this loop, also those that wait for a hello or are being closed.
    public var connectionCount: Int { operations.connectionCount }
    /// What all connections of this loop did so far. Frames sent are counted when a connection has ended.
    public var statistics: Statistics { operations.statistics }
    /// Which backend runs this loop, and why.
    public var backend: BackendReport { operations.report }

    var now: Int64 { operations.now }
}

/// What a job, or whoever turns a loop by hand, can ask of it. Not on the data path: an existential is fine here.
protocol LoopOperations: AnyObject {
    var now: Int64 { get }
    var report: BackendReport { get }
    var connectionCount: Int { get }
    var statistics: Statistics { get }
    func start() throws(TransportError)
    func finish()
    func send(to connection: ConnectionID, _ bytes: RawSpan) throws(TransportError)
    func queue(_ bytes: RawSpan, on connection: ConnectionID) throws(TransportError)
    func flush(_ connection: ConnectionID)
    func sendState(of connection: ConnectionID) -> SendState?
    func pauseReceiving(_ connection: ConnectionID)
    func resumeReceiving(_ connection: ConnectionID)
    func close(_ connection: ConnectionID)
    func abort(_ connection: ConnectionID)
    func schedule(at time: Int64, _ job: @escaping (inout LoopContext) -> Void)
    func stop()
    /// Returns the listener's name in the loop.
    func add(_ listener: ListenerEntry) throws(TransportError) -> ConnectionID
    /// Ends the loop with an error, in its next turn.
    func fail(with error: TransportError)
    func pauseAccepting(_ listener: ConnectionID)
    func resumeAccepting(_ listener: ConnectionID)
    func remove(_ listener: ConnectionID)
    func hasListener(_ listener: ConnectionID) -> Bool
    func connect(to endpoint: Endpoint, until deadline: Int64, handler: AnyConnectionHandler)
    func open(_ socket: consuming Socket, peer: PeerCredentials?, handler: AnyConnectionHandler)
}

/// What has become of what a connection was given to send.
package struct SendState: Sendable {
    /// Bytes that the kernel has not taken.
    package let queuedBytes: Int
    /// Why the peer takes no more; what it sent before may still come.
    package let failure: TransportError?
}
