internal import CRingIPC
internal import Synchronization

/// A socket on its way to the loop that will run it. If that never comes to it, because the loop has ended, say, it is closed all the same.
package final class SocketParcel: Sendable {
    private let descriptor: Atomic<Int32>
    private let double: (any KernelDouble)?

    init(_ socket: consuming Socket) {
        double = socket.double
        descriptor = Atomic(socket.release())
    }

    /// Its number; negative once it was taken.
    package var number: Int32 { descriptor.load(ordering: .relaxed) }

    /// The descriptor, which the caller closes from now on, for the first who asks.
    package func takeDescriptor() -> Int32? { take()?.release() }

    /// The socket, for the first who asks.
    func take() -> Socket? {
        let number = descriptor.exchange(-1, ordering: .relaxed)
        return number < 0 ? nil : Socket(owning: number, of: double)
    }

    deinit { _ = take() }
}
