public import RingIPC

/// The end of a local connection, as `QLocalSocket` has it: bytes in order, read when they are there, written without waiting.
///
/// ```swift
/// let socket = LocalSocket(on: loop)
/// socket.onReadyRead = { socket in print(socket.bytesAvailable) }
/// socket.onDisconnected = { socket in socket.loop.quit() }
/// try socket.connect(to: "echo")
/// try socket.write("hello\n")
/// try loop.run()
/// ```
///
/// There are no messages: what was written in one call can arrive in several pieces, and several in one. Callbacks are called by the loop,
/// on its thread, and get the socket, so that they need not capture it. A socket that nobody has any more is disconnected; what is unsent
/// is delivered while its loop runs.
///
/// Where Qt's behaviour is a trap, the safe one is the default, and ``Compatibility`` has Qt's.
public final class LocalSocket {
    /// Raw values are those of `QLocalSocket::LocalSocketState`.
    public enum State: Int, Sendable, Hashable {
        /// Neither connected nor about to be. What had arrived before can still be read.
        case unconnected = 0
        /// The server's listen queue is full; the loop tries again.
        case connecting = 2
        /// Bytes can be read and written.
        case connected = 3
        /// Disconnected on this side, or by the peer, and what is unsent is still being sent.
        case closing = 6
    }

    /// Raw values are those of `QLocalSocket::SocketOption`.
    public struct Options: OptionSet, Sendable, Hashable {
        /// The flags.
        public let rawValue: Int
        /// Makes options of flags.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// The server's name is one of the abstract namespace. The server must say so, too.
        public static let abstractNamespace = Options(rawValue: 1)
    }

    /// Qt's behaviour in the place of the safe one, for programs that rely on it.
    public struct Compatibility: OptionSet, Sendable, Hashable {
        /// The flags.
        public let rawValue: Int
        /// Makes a set of flags.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// ``LocalSocket/waitForReadyRead(within:)`` waits for bytes that come during the call, although some have come that nobody has
        /// seen.
        public static let waitForReadyReadIgnoresUnseenData = Compatibility(rawValue: 1 << 0)
        /// ``LocalSocket/waitForBytesWritten(within:)`` returns as soon as anything was sent, not when everything is.
        public static let waitForBytesWrittenReturnsEarly = Compatibility(rawValue: 1 << 1)
        /// When the peer ends its direction, what is unsent is dropped, although the peer might read it.
        public static let peerCloseDropsOutput = Compatibility(rawValue: 1 << 2)
    }

    /// The loop that the socket belongs to.
    public let loop: LocalEventLoop
    /// Where it behaves as Qt does.
    public let compatibility: Compatibility

    /// What ``state`` is, after the change.
    public internal(set) var state = State.unconnected
    /// The last error; `unknown` if there was none since connecting.
    public internal(set) var error = LocalSocketError.Code.unknown
    /// Qt's text for it.
    public internal(set) var errorString = LocalSocket.noError
    /// Whether the device is open: from connecting until ``close()`` or ``abort()``, so also after the peer has gone.
    public internal(set) var isOpen = false
    /// What it was opened for; empty while it is not open.
    public internal(set) var openMode: OpenMode = []

    /// How the server's name is meant. Read when connecting.
    public var options: Options = []
    var name = ""
    /// The path, or the abstract name, of the server; empty without a connection.
    public internal(set) var fullServerName = ""

    /// Bytes that are kept for reading at most, 64 MiB unless set; 0 for any number. When they are full, what comes stays with the kernel,
    /// and the peer feels it. A message that is waited for as a whole must fit.
    public var readBufferSize = 64 << 20 {
        didSet {
            record?.inputLimit = max(0, readBufferSize)
            record?.refill(from: loop.core)
        }
    }
    /// While so many bytes are unsent, writing is refused: 16 MiB unless set; 0 for any number.
    public var writeBufferSize = 16 << 20

    // MARK: Callbacks

    /// Bytes arrived. Not called again from within itself. If it is set when something has arrived already, it is called for that.
    public var onReadyRead: ((LocalSocket) -> Void)? {
        didSet { if let record, record.hasNews { record.enqueue() } }
    }
    /// So many bytes went to the kernel.
    public var onBytesWritten: ((LocalSocket, Int) -> Void)?
    /// The connection is there.
    public var onConnected: ((LocalSocket) -> Void)?
    /// The connection is over. The state is `unconnected` already.
    public var onDisconnected: ((LocalSocket) -> Void)?
    /// Something went wrong; called before the state changes for it.
    public var onError: ((LocalSocket, LocalSocketError) -> Void)?
    /// The state is another one.
    public var onStateChange: ((LocalSocket, State) -> Void)?
    /// Nothing will arrive any more.
    public var onReadChannelFinished: ((LocalSocket) -> Void)?
    /// The device is about to be closed; what has arrived can be read for the last time.
    public var onAboutToClose: ((LocalSocket) -> Void)?

    // MARK: Inner state

    static let noError = "Unknown error"

    /// The present connection, or the last one.
    var record: SocketRecord?
    /// Until when the listen queue may stay full.
    var connectDeadline = Int64.max
    /// What retrying came to, before it is told.
    var connectOutcome: Result<SocketParcel, LocalSocketError>?
    var isTellingReadyRead = false
    var isTellingBytesWritten = false
    /// The server that keeps it until it is disconnected.
    weak var server: LocalServer?

    /// Makes a socket without a connection.
    ///
    /// - Parameters:
    ///   - loop: the one that runs it; must be of the calling thread.
    ///   - compatibility: where it behaves as Qt does.
    public init(on loop: LocalEventLoop, compatibility: Compatibility = []) {
        self.loop = loop
        self.compatibility = compatibility
    }

    deinit { record?.detach(from: loop.core) }
}

// MARK: What it is

extension LocalSocket {
    /// The name to connect to with ``open(_:)``, and that of the present server. Ignored while there is a connection.
    public var serverName: String {
        get { name }
        set { if state == .unconnected { name = newValue } }
    }

    /// Whether there is a connection.
    public var isValid: Bool { state == .connected }
    /// Always: there is no place to seek to.
    public var isSequential: Bool { true }
    /// The descriptor of the connection, which stays the socket's; -1 without one.
    public var socketDescriptor: Int32 { state == .unconnected ? -1 : record?.descriptor ?? -1 }

    /// Who is at the other end, as the kernel knows it; `nil` without a connection.
    public var peerCredentials: PeerCredentials? { state == .unconnected ? nil : record.flatMap { PeerCredentials(ofPeer: $0.descriptor) } }
}
