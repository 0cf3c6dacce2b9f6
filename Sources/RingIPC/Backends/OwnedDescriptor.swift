internal import CRingIPC

/// A descriptor that is no socket: closed when its owner is gone.
struct OwnedDescriptor: ~Copyable {
    let number: Int32
    /// The double that it is of; `nil` for one of Linux.
    private let double: (any KernelDouble)?

    /// - Parameter result: what the call returned that made it: the descriptor, or a negated errno.
    init(
        _ result: Int32, of double: (any KernelDouble)? = nil, during operation: TransportError.Operation
    ) throws(TransportError) {
        guard result >= 0 else { throw TransportError(systemError: -result, during: operation) }
        number = result
        self.double = double
    }

    deinit { close(number, of: double) }
}
