internal import CRingIPC

/// Wakes a loop's turn from another thread: an eventfd that the turn watches. The descriptor lives as long as anyone can use it.
final class Waker: Sendable {
    let descriptor: Int32

    init() throws(TransportError) {
        let result = ringipc_event()
        guard result >= 0 else { throw TransportError(systemError: -result, during: .run) }
        descriptor = result
    }

    deinit { _ = ringipc_close(descriptor) }

    func wake() { _ = ringipc_event_signal(descriptor) }
    func drain() { _ = ringipc_event_drain(descriptor) }
}
