internal import CRingIPC

/// The receive buffers that all connections of a loop share: made at start, never more, never fewer.
///
/// A buffer is in one of three places: free here, in the kernel's hands (io_uring's provided-buffer ring), or lent to whoever
/// reads what was received into it.
@safe
struct BufferPool: ~Copyable {
    let count: Int
    let bufferSize: Int
    let memory: UnsafeMutableRawPointer
    /// A stack, so that the buffer used last, still in the cache, is used next.
    let free: UnsafeMutablePointer<UInt16>
    private(set) var freeCount: Int
    /// For the chain of buffers that a paused connection holds: the next one, and the unread bytes in this one.
    private let links: UnsafeMutablePointer<Link>
    /// Buffers out of the pool's and the kernel's hands.
    private(set) var lentCount = 0

    struct Link {
        var next = BufferPool.none
        var start: UInt32 = 0
        var length: UInt32 = 0
    }

    static let none = UInt16.max

    init(configuration: Configuration) throws(TransportError) {
        count = configuration.pooledBufferCount
        bufferSize = configuration.pooledBufferSize
        guard let memory = unsafe ringipc_map(count * bufferSize) else {
            throw TransportError(
                .memoryExhausted, during: .run,
                detail: "no memory for \(count) receive buffers of \(bufferSize) bytes; make pooledBufferCount or pooledBufferSize smaller")
        }
        unsafe self.memory = unsafe memory
        unsafe free = .allocate(capacity: count)
        unsafe links = .allocate(capacity: count)
        freeCount = count
        for index in 0..<count {
            unsafe (free + index).initialize(to: UInt16(count - 1 - index))
            unsafe (links + index).initialize(to: Link())
        }
    }

    deinit {
        precondition(lentCount == 0, "\(lentCount) receive buffers did not come home")
        unsafe free.deallocate()
        unsafe links.deallocate()
        _ = unsafe ringipc_unmap(memory, count * bufferSize)
    }

    func address(of buffer: UInt16) -> UnsafeMutableRawPointer { unsafe memory + Int(buffer) * bufferSize }

    /// A free buffer leaves the pool, for the kernel or for a call that fills it.
    mutating func take() -> UInt16? {
        guard freeCount > 0 else { return nil }
        freeCount &-= 1
        return unsafe free[freeCount]
    }

    /// A buffer that was taken and not lent comes back unused.
    mutating func putBack(_ buffer: UInt16) {
        unsafe free[freeCount] = buffer
        freeCount &+= 1
    }

    /// The kernel filled `length` bytes of a buffer: from here on it is lent.
    mutating func lend(_ buffer: UInt16, length: Int) -> BufferLease {
        lentCount &+= 1
        return BufferLease(buffer: buffer, length: length)
    }

    /// The end of a lease.
    mutating func giveBack(_ lease: consuming BufferLease) {
        lentCount &-= 1
        putBack(lease.end())
    }

    func bytes(of lease: borrowing BufferLease) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: address(of: lease.buffer) + lease.start, count: lease.length)
    }
}

/// The right to read one pooled buffer, and the duty to give it back: dropping it is a programming error that is caught.
struct BufferLease: ~Copyable {
    let buffer: UInt16
    /// Where the bytes begin that have not been read.
    private(set) var start: Int
    /// How many there are.
    private(set) var length: Int

    fileprivate init(buffer: UInt16, start: Int = 0, length: Int) {
        self.buffer = buffer
        self.start = start
        self.length = length
    }

    fileprivate consuming func end() -> UInt16 {
        let buffer = buffer
        discard self
        return buffer
    }

    mutating func consume(_ count: Int) {
        start &+= count
        length &-= count
    }

    deinit { Self.reportDrop() }

    /// A function of its own, since a deinit must be able to return.
    private static func reportDrop() { preconditionFailure("a buffer lease was dropped instead of given back") }
}

// MARK: Buffers that a paused connection holds

/// A first-in first-out chain of lent buffers, threaded through the pool: holding costs no memory.
struct HeldBuffers {
    fileprivate var first = BufferPool.none
    fileprivate var last = BufferPool.none
    fileprivate(set) var count = 0

    var isEmpty: Bool { count == 0 }
}

extension BufferPool {
    mutating func hold(_ lease: consuming BufferLease, in held: inout HeldBuffers) {
        let buffer = link(lease, before: Self.none)
        if held.isEmpty {
            held.first = buffer
        } else {
            unsafe links[Int(held.last)].next = buffer
        }
        held.last = buffer
        held.count += 1
    }

    /// Puts a lease that was taken from the front back there, with what is left of it.
    mutating func holdFirst(_ lease: consuming BufferLease, in held: inout HeldBuffers) {
        let buffer = link(lease, before: held.isEmpty ? Self.none : held.first)
        if held.isEmpty { held.last = buffer }
        held.first = buffer
        held.count += 1
    }

    /// The oldest held buffer, in the caller's hands again.
    mutating func takeHeld(from held: inout HeldBuffers) -> BufferLease? {
        guard !held.isEmpty else { return nil }
        let link = unsafe links[Int(held.first)]
        let lease = BufferLease(buffer: held.first, start: Int(link.start), length: Int(link.length))
        held.first = link.next
        held.count -= 1
        return lease
    }

    /// A lease becomes a link of a chain: still lent, but nobody's.
    private func link(_ lease: consuming BufferLease, before next: UInt16) -> UInt16 {
        let link = Link(next: next, start: UInt32(lease.start), length: UInt32(lease.length))
        let buffer = lease.end()
        unsafe links[Int(buffer)] = link
        return buffer
    }
}
