internal import CRingIPC

/// A descriptor that is no socket: closed when its owner is gone.
struct OwnedDescriptor: ~Copyable {
    let number: Int32
    /// The double that it is of; `nil` for one of Linux.
    private let double: (any KernelDouble)?
    /// It is what a peer has passed, and nobody has looked at it: a file can be such that closing it lasts as long as the peer likes.
    private var mayCloseSlowly = false

    /// - Parameter result: what the call returned that made it: the descriptor, or a negated errno.
    init(
        _ result: Int32, of double: (any KernelDouble)? = nil, during operation: TransportError.Operation
    ) throws(TransportError) {
        guard result >= 0 else { throw TransportError(systemError: -result, during: operation) }
        number = result
        self.double = double
    }

    /// What a peer has passed. A thread of its own closes it, unless ``closesAtOnce()`` was called.
    init(passed number: Int32) {
        self.number = number
        double = nil
        mayCloseSlowly = true
    }

    /// It turned out to be an ordinary file.
    mutating func closesAtOnce() { mayCloseSlowly = false }

    deinit {
        if mayCloseSlowly { ringipc_close_elsewhere(number) } else { close(number, of: double) }
    }
}
