internal import CRingIPC

/// Accepts connections one by one, for programs without an event loop.
///
/// ```swift
/// var listener = try Listener(.path("/run/echo.sock"))
/// var connection = try listener.accept()
/// ```
///
/// The socket file is removed with the listener, if it is still ours. A listener belongs to one thread, and so does what it accepts: hand a
/// connection to another thread before it is used, or not at all.
public struct Listener: ~Copyable {
    let socket: ListeningSocket
    let configuration: Configuration

    /// Begins to listen.
    ///
    /// A stale socket file is replaced; that of a live server and anything that is not a socket never is.
    /// - Throws: ``TransportError``: `addressInUse`, `notASocket`, `accessDenied`, `notFound` when there is no such directory, `invalidEndpoint`,
    ///   `invalidConfiguration`, `descriptorsExhausted`, and `systemFailure` for whatever else bind(2) and listen(2) say.
    public init(_ endpoint: Endpoint, configuration: Configuration = Configuration()) throws(TransportError) {
        try configuration.validate()
        socket = try ListeningSocket(endpoint, configuration: configuration)
        self.configuration = configuration
    }

    /// Where it listens; for an adopted descriptor, the name that its socket has.
    public var endpoint: Endpoint { socket.endpoint }

    /// Waits for the next connection whose peer the accept policy admits. Refused peers are closed, and waiting goes on.
    ///
    /// - Parameter timeout: how long to wait; for ever when it is `nil`.
    /// - Throws: ``TransportError``: `timedOut`, `descriptorsExhausted`, `memoryExhausted`, after which accepting may go on; `backendUnavailable`.
    public mutating func accept(within timeout: Duration? = nil) throws(TransportError) -> Connection {
        let deadline = timeout.map { Connection.deadline(after: $0) }
        while true {
            if let accepted = try socket.accept() {
                if let peer = try socket.admits(accepted) {
                    return try Connection(accepted, endpoint: nil, peer: peer, configuration: configuration)
                }
                continue
            }
            let remaining = deadline.map { max(0, $0 - ringipc_monotonic_nanoseconds()) } ?? -1
            let events = ringipc_poll(socket.descriptor, Int16(POLLIN), remaining)
            if events == 0, remaining >= 0 {
                throw TransportError(.timedOut, during: .accept, on: endpoint, detail: "nobody connected in time")
            }
            if events < 0, events != -EINTR { throw TransportError(systemError: -events, during: .accept, on: endpoint) }
        }
    }

    /// Stops listening and removes the socket file. Connections that were accepted go on.
    public consuming func close() {}
}
