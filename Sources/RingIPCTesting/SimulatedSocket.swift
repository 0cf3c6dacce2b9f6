internal import Glibc

/// One end of a simulated stream socket. It behaves as unix(7) and the kernel's af_unix.c have it: what had been sent before an end is
/// read before the end; unread input at a close is a reset at the peer, once.
final class SimulatedSocket {
    /// Both ends have the same number.
    let connection: Int
    /// Whether faults may end this connection.
    let isVictim: Bool
    /// What the peer has sent and nobody has read.
    var inbox = ByteQueue()
    let capacity: Int
    /// Empty once both ends are closed.
    var peer: SimulatedSocket?
    var isSendShut = false
    var isReceiveShut = false
    private(set) var isClosed = false
    /// Told by the next operation that has nothing better to tell, and forgotten then.
    var error: Int32 = 0
    /// Bytes that this end may still send before it dies.
    var remainingLife: Int?

    init(connection: Int, isVictim: Bool, capacity: Int) {
        self.connection = connection
        self.isVictim = isVictim
        self.capacity = capacity
    }

    /// Whether a ring's send comes to an end: with some room, or with an error.
    var answersSend: Bool { isSendShut || room > 0 || peer?.isReceiveShut != false }
    var room: Int { peer.map { max(0, $0.capacity - $0.inbox.count) } ?? 0 }
    /// Whether epoll reports room: what was sent and not read is a quarter of the capacity at most, as the kernel has it for Unix sockets.
    /// The end of a direction makes no room; a send that would fail is told by a hang-up.
    var isWritable: Bool { peer.map { 4 * $0.inbox.count <= $0.capacity } ?? true }
    var isReadable: Bool { !inbox.isEmpty || isReceiveShut || error != 0 }

    func shutDownSending() {
        isSendShut = true
        peer?.isReceiveShut = true
    }

    func shutDownBoth() {
        shutDownSending()
        isReceiveShut = true
        peer?.isSendShut = true
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        shutDownBoth()
        if !inbox.isEmpty { peer?.error = ECONNRESET }
        inbox.removeAll()
        if let peer, peer.isClosed {
            peer.peer = nil
            self.peer = nil
        }
    }

    /// The end of a socket that nobody had accepted: a reset at the peer, unread input or not.
    func refuse() {
        peer?.error = ECONNRESET
        close()
    }

    /// To each end it looks as if the other had died.
    func sever(with number: Int32) {
        shutDownBoth()
        error = number
        peer?.error = number
    }
}

/// A socket that accepts.
final class SimulatedListener {
    let endpointName: String
    let backlog: Int
    var queue: [SimulatedSocket] = []

    init(endpointName: String, backlog: Int) {
        self.endpointName = endpointName
        self.backlog = backlog
    }
}

final class SimulatedEvent {
    var count = 0
}
