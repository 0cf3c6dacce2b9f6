internal import CRingIPC

/// A descriptor of the kernel's that is no socket: closed when its owner is gone.
struct OwnedDescriptor: ~Copyable {
    let number: Int32

    /// - Parameter result: what the call returned that made it: the descriptor, or a negated errno.
    init(_ result: Int32, during operation: TransportError.Operation) throws(TransportError) {
        guard result >= 0 else { throw TransportError(systemError: -result, during: operation) }
        number = result
    }

    deinit { _ = ringipc_close(number) }
}
