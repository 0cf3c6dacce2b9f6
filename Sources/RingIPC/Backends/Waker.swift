internal import CRingIPC

/// Wakes a loop's turn from another thread: an eventfd that the turn watches. The descriptor lives as long as anyone can use it.
final class Waker: Sendable {
    let descriptor: Int32
    private let double: (any KernelDouble)?

    init(double: (any KernelDouble)?) throws(TransportError) {
        let result = double?.makeEvent() ?? ringipc_event()
        guard result >= 0 else { throw TransportError(systemError: -result, during: .run) }
        descriptor = result
        self.double = double
    }

    deinit { close(descriptor, of: double) }

    func wake() {
        if let double { double.signal(descriptor) } else { _ = ringipc_event_signal(descriptor) }
    }

    func drain() {
        if let double { double.drain(descriptor) } else { _ = ringipc_event_drain(descriptor) }
    }
}
