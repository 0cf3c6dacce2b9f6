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

/// What a job can ask of a loop. Not on the data path: an existential is fine here.
protocol LoopOperations: AnyObject {
    var now: Int64 { get }
    var report: BackendReport { get }
    var connectionCount: Int { get }
    var statistics: Statistics { get }
    func send(to connection: ConnectionID, _ bytes: RawSpan) throws(TransportError)
    func close(_ connection: ConnectionID)
    func schedule(at time: Int64, _ job: @escaping (inout LoopContext) -> Void)
    func stop()
    func add(_ listener: ListenerEntry)
    func connect(to endpoint: Endpoint, until deadline: Int64, handler: AnyConnectionHandler)
    func open(_ socket: consuming Socket, peer: PeerCredentials?, handler: AnyConnectionHandler)
}
