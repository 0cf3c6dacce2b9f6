internal import CRingIPC
internal import RingIPC

/// What went wrong on a ``LocalSocket``.
public struct LocalSocketError: Error, Sendable, Hashable {
    /// Raw values are those of `QLocalSocket::LocalSocketError`.
    public enum Code: Int, Sendable, Hashable, CaseIterable {
        /// Nobody listens under the name, though it is there.
        case connectionRefused = 0
        /// The peer ended the connection.
        case peerClosed = 1
        /// There is no such name, or it is one that no socket can have.
        case serverNotFound = 2
        /// The file mode, or the directory, forbids it.
        case socketAccess = 3
        /// A limit or the memory is used up.
        case socketResource = 4
        /// A wait came to its end.
        case socketTimeout = 5
        /// Not on stream sockets; Qt has it.
        case datagramTooLarge = 6
        /// The kernel refused a read or a write.
        case connection = 7
        /// The kernel did not give a socket.
        case unsupportedSocketOperation = 10
        /// Not in this state of the socket.
        case operation = 19
        /// None so far, or one that Qt has no name for.
        case unknown = -1
    }

    /// What went wrong, for a program to decide on.
    public let code: Code
    /// Qt's text: what ``LocalSocket/errorString`` becomes.
    public let text: String
    /// The `errno` behind it, when the kernel gave one.
    public let systemError: Int32?
    /// One sentence: what is wrong, where, and what to do about it.
    public let detail: String

    init(_ code: Code, in function: String = "QLocalSocket", systemError: Int32? = nil, detail: String) {
        self.code = code
        self.systemError = systemError
        self.detail = detail
        text = "\(function): \(Self.text(of: code, systemError))"
    }

    private static func text(of code: Code, _ systemError: Int32?) -> String {
        switch code {
        case .connectionRefused: "Connection refused"
        case .peerClosed: "Remote closed"
        case .serverNotFound: "Invalid name"
        case .socketAccess: "Socket access error"
        case .socketResource: "Socket resource error"
        case .socketTimeout: "Socket operation timed out"
        case .datagramTooLarge: "Datagram too large"
        case .connection: "Connection error"
        case .unsupportedSocketOperation: "The socket operation is not supported"
        case .operation: "Operation not permitted when socket is in this state"
        case .unknown: "Unknown error \(systemError ?? -1)"
        }
    }
}

extension LocalSocketError: CustomStringConvertible {
    /// One line for a log.
    public var description: String { "\(text) (\(detail))" }
}

extension LocalSocketError {
    static let connecting = "QLocalSocket::connectToServer"

    /// What connecting, or taking a descriptor over, came to.
    init(connecting error: TransportError) {
        let code: Code =
            switch (error.code, error.systemError) {
            case (.invalidEndpoint, _): .serverNotFound
            case (.descriptorsExhausted, _), (.memoryExhausted, _): .unsupportedSocketOperation
            case (_, EINVAL), (_, ECONNREFUSED): .connectionRefused
            case (_, ENOENT): .serverNotFound
            case (_, EACCES), (_, EPERM): .socketAccess
            case (_, ETIMEDOUT), (.timedOut, _): .socketTimeout
            default: .unknown
            }
        self.init(code, in: Self.connecting, systemError: error.systemError, detail: error.description)
    }

    /// How a connection ended.
    init(ending error: TransportError) {
        let code: Code =
            switch (error.code, error.systemError) {
            case (.connectionReset, _), (.peerClosedAbruptly, _): .peerClosed
            case (.timedOut, _): .socketTimeout
            case (.memoryExhausted, _), (.descriptorsExhausted, _): .socketResource
            default: .connection
            }
        self.init(code, systemError: error.systemError, detail: error.description)
    }

    static var peerClosed: LocalSocketError {
        LocalSocketError(.peerClosed, detail: "the peer ended the connection; what it had sent can still be read")
    }

    static func timedOut(_ what: String) -> LocalSocketError {
        LocalSocketError(.socketTimeout, detail: "\(what) did not happen in time; the connection goes on")
    }
}
