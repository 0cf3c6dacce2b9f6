internal import CRingIPC

/// Why something did not work: what was attempted, where, what the kernel said, and what to do about it.
///
/// The error is one word wide, so that a function which may throw it costs its caller a register and a compare.
public struct TransportError: Error, Sendable {
    /// What went wrong, for a program to decide on. ``TransportError/detail`` is the sentence for a person.
    public enum Code: Sendable, Hashable {
        /// A limit or combination of options that cannot work. Found before anything is opened.
        case invalidConfiguration
        /// A name that no socket can have: empty, too long, or with a zero byte in a path.
        case invalidEndpoint
        /// Another server is alive under this name.
        case addressInUse
        /// Something that is not a socket stands under this name; it is never removed.
        case notASocket
        /// The file mode, the directory, or the accept policy forbids it.
        case accessDenied
        /// No such name.
        case notFound
        /// The name is there but nobody listens.
        case connectionRefused
        /// A deadline passed.
        case timedOut
        /// The peer ended the stream between two frames without saying goodbye, or the kernel says that it is gone.
        case peerClosedAbruptly
        /// The peer's end was closed while data was under way to it.
        case connectionReset
        /// The stream ended inside a frame.
        case truncatedFrame
        /// The bytes are not a frame of this format.
        case malformedFrame
        /// A frame longer than a limit: ours when receiving, the smaller of both sides' when sending.
        case frameTooLong
        /// The peer speaks another format or version, or demands a feature that we lack.
        case incompatiblePeer
        /// The peer's shared memory is not what it must be: its descriptor, its size or seals, or a position that the peer wrote into it.
        case invalidSharedMemory
        /// The outbound queue has no room. Nothing was queued; send again after it has drained.
        case outboundFull
        /// The connection, listener or loop was closed on this side.
        case closed
        /// The process or the system has no descriptor left.
        case descriptorsExhausted
        /// A bounded memory budget is used up.
        case memoryExhausted
        /// The named backend does not work on this machine.
        case backendUnavailable
        /// A handler threw; ``TransportError/detail`` has its error.
        case handlerFailed
        /// The kernel refused a call in a way that has no case of its own; see ``TransportError/systemError``.
        case systemFailure
    }

    /// What was being done.
    public enum Operation: String, Sendable, Hashable {
        /// Checking a configuration, a text or the environment; nothing was opened yet.
        case configure
        /// Binding a name and listening on it.
        case listen
        /// Taking a connection in.
        case accept
        /// Opening a connection.
        case connect
        /// Exchanging hellos.
        case handshake
        /// Receiving, and working off what was received.
        case receive
        /// Queueing or sending.
        case send
        /// Ending in order.
        case close
        /// Running a loop.
        case run
    }

    private final class Storage: Sendable {
        let code: Code
        let operation: Operation
        let endpoint: Endpoint?
        let systemError: Int32?
        let detail: String

        init(code: Code, operation: Operation, endpoint: Endpoint?, systemError: Int32?, detail: String) {
            self.code = code
            self.operation = operation
            self.endpoint = endpoint
            self.systemError = systemError
            self.detail = detail
        }
    }

    private let storage: Storage

    /// Makes an error: for a handler that ends its connection with one, and for tests.
    ///
    /// - Parameters:
    ///   - code: what went wrong.
    ///   - operation: what was being done.
    ///   - endpoint: where, if that is known.
    ///   - detail: one sentence: what is wrong and what to do.
    ///   - systemError: the `errno` of the call that failed.
    public init(
        _ code: Code, during operation: Operation, on endpoint: Endpoint? = nil, systemError: Int32? = nil, detail: String
    ) {
        storage = Storage(code: code, operation: operation, endpoint: endpoint, systemError: systemError, detail: detail)
    }

    /// What went wrong.
    public var code: Code { storage.code }
    /// What was being done.
    public var operation: Operation { storage.operation }
    /// Where; `nil` for an accepted connection and for a loop.
    public var endpoint: Endpoint? { storage.endpoint }
    /// The `errno` behind the error, when the kernel gave one.
    public var systemError: Int32? { storage.systemError }
    /// One sentence for a person: what is wrong and what to do. Its wording can change; decide on ``code``.
    public var detail: String { storage.detail }
}

extension TransportError: CustomStringConvertible {
    /// One line for a log: operation, endpoint, detail, and the `errno` with its text.
    public var description: String {
        var text = operation.rawValue
        if let endpoint { text += " \(endpoint)" }
        text += ": \(detail)"
        if let systemError { text += " (\(Self.name(ofSystemError: systemError)))" }
        return text
    }

    static func name(ofSystemError number: Int32) -> String {
        guard let text = unsafe strerror(number) else { return "errno \(number)" }
        return unsafe "errno \(number), \(String(cString: text))"
    }
}

extension TransportError {
    /// A call of the kernel failed with `errno` `number` (given positive) in a way that its caller does not treat on its own.
    init(systemError number: Int32, during operation: Operation, on endpoint: Endpoint? = nil) {
        let (code, detail): (Code, String) =
            switch number {
            case EACCES, EPERM:
                (.accessDenied, "the kernel denies access; check the owner and mode of the socket file and its directory")
            case ENOENT: (.notFound, "there is no such name; is the server running?")
            case ECONNREFUSED: (.connectionRefused, "the name exists but nobody listens there; is the server running?")
            case ECONNRESET, EPIPE: (.connectionReset, "the peer closed the connection while data was under way")
            case EMFILE: (.descriptorsExhausted, "this process has no free descriptor; raise RLIMIT_NOFILE or close some")
            case ENFILE: (.descriptorsExhausted, "the system has no free descriptor; see fs.file-max")
            case ENOMEM, ENOBUFS: (.memoryExhausted, "the kernel has no memory for this; see RLIMIT_MEMLOCK and vm.max_map_count")
            case EADDRINUSE: (.addressInUse, "the name is taken by another socket")
            case ETIMEDOUT: (.timedOut, "the kernel gave up waiting")
            default: (.systemFailure, "the kernel refused the call")
            }
        self.init(code, during: operation, on: endpoint, systemError: number, detail: detail)
    }
}
