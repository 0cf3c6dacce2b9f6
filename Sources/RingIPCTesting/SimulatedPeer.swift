internal import Glibc
internal import RingIPC

/// A peer that a test plays itself, byte by byte: it knows nothing of frames.
///
/// Made by ``SimulatedKernel/connect(to:)``. It lives no longer than its kernel, belongs to the same thread, and is not used after
/// ``close()``. One that is dropped is closed. None of its calls waits: step the kernel between them.
public final class SimulatedPeer {
    private let socket: SimulatedSocket
    private unowned let kernel: SimulatedKernel

    init(_ socket: SimulatedSocket, of kernel: SimulatedKernel) {
        self.socket = socket
        self.kernel = kernel
    }

    deinit { socket.close() }

    /// Whether faults may end its connection.
    public var isVictim: Bool { socket.isVictim }
    /// Bytes that have arrived and were not read.
    public var readableCount: Int { socket.inbox.count }
    /// Whether nothing will arrive any more, once what has arrived is read.
    public var isAtEnd: Bool { socket.isReceiveShut }

    /// Sends what there is room for; faults befall it as any send.
    ///
    /// - Returns: how many bytes that were, 0 if none; `nil` when nobody can receive them any more.
    public func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        kernel.tick()
        let result = unsafe bytes.withUnsafeBytes { unsafe kernel.send(to: socket, $0) }
        kernel.trace.note("peer send", Int32(socket.connection), result, at: kernel.nanoseconds)
        return result >= 0 ? result : result == -Int(EAGAIN) || result == -Int(EINTR) ? 0 : nil
    }

    /// Up to `count` bytes of what has arrived; none if nothing has.
    public func read(_ count: Int) -> [UInt8] {
        guard !socket.inbox.isEmpty else { return [] }
        kernel.tick()
        var bytes = [UInt8](repeating: 0, count: min(count, socket.inbox.count))
        _ = unsafe bytes.withUnsafeMutableBytes { unsafe socket.inbox.take(into: $0) }
        kernel.trace.note("peer receive", Int32(socket.connection), bytes.count, at: kernel.nanoseconds)
        return bytes
    }

    /// Ends our direction; the other one goes on.
    public func finishWriting() {
        kernel.tick()
        kernel.trace.note("peer shutdown", Int32(socket.connection), 1, at: kernel.nanoseconds)
        socket.shutDownSending()
    }

    /// Closes the socket, as the end of its process does. Unread input becomes a reset at the other end.
    public func close() {
        kernel.tick()
        kernel.trace.note("peer close", Int32(socket.connection), 0, at: kernel.nanoseconds)
        socket.close()
    }
}

extension TransportError {
    init(simulatedConnect error: Errno, to endpoint: Endpoint) {
        let (code, detail): (Code, String) =
            switch error.number {
            case EAGAIN: (.timedOut, "the listen queue is full")
            case ENOENT: (.notFound, "nobody listens there")
            default: (.connectionRefused, "nobody listens there")
            }
        self.init(code, during: .connect, on: endpoint, systemError: error.number, detail: detail)
    }
}
