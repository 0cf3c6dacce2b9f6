internal import CRingIPC
internal import Synchronization

/// A socket on its way to another loop. A job that never runs, because its loop has ended, closes it all the same.
final class SocketParcel: Sendable {
    private let descriptor: Atomic<Int32>
    private let double: (any KernelDouble)?

    init(_ socket: consuming Socket) {
        double = socket.double
        descriptor = Atomic(socket.release())
    }

    /// The socket, for the first who asks.
    func take() -> Socket? {
        let number = descriptor.exchange(-1, ordering: .relaxed)
        return number < 0 ? nil : Socket(owning: number, of: double)
    }

    deinit { _ = take() }
}
