internal import CRingIPC

/// A connection's own receive memory: a ring whose pages are mapped twice in a row, so that any stretch of it, and so any frame
/// in it, is contiguous. Nothing is ever moved.
///
/// Payloads of the native format are 8-byte aligned here: every frame is a multiple of 8 long, the first one begins at the ring's
/// first byte, and rewinding keeps the position modulo 8.
@safe
@usableFromInline
struct MirroredRing: ~Copyable {
    @usableFromInline let base: UnsafeMutableRawPointer
    /// A power of two and a multiple of the page size.
    @usableFromInline let size: Int
    /// Where unread bytes begin: `0 ..< size`.
    @usableFromInline var head = 0
    /// How many there are: `0 ... size`.
    @usableFromInline var count = 0
    /// The memory is somebody else's, who only lets it be read.
    @usableFromInline let isBorrowed: Bool

    init(size: Int, during operation: TransportError.Operation) throws(TransportError) {
        guard let memory = unsafe ringipc_map_mirrored(size) else {
            throw TransportError(
                .memoryExhausted, during: operation,
                detail: "no receive ring of \(size) bytes can be mapped; see vm.max_map_count and RLIMIT_AS, or make receiveRingSize smaller")
        }
        unsafe base = unsafe memory
        self.size = size
        isBorrowed = false
    }

    /// Bytes that lie elsewhere, mapped twice in a row as well: for reading, through ``show(_:at:)``.
    init(reading memory: UnsafeRawPointer, size: Int) {
        unsafe base = UnsafeMutableRawPointer(mutating: memory)
        self.size = size
        isBorrowed = true
    }

    /// Inlinable like the code that may have to drop a ring: the optimizer insists.
    @inlinable
    deinit { if !isBorrowed { unsafe Self.unmap(base, size) } }

    @usableFromInline
    static func unmap(_ base: UnsafeMutableRawPointer, _ size: Int) { _ = unsafe ringipc_unmap(base, 2 * size) }

    /// What was received and not yet consumed.
    @inlinable
    var readable: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base + head, count: count) }

    /// Where the kernel may write next.
    var writable: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: base + ((head + count) & (size - 1)), count: size - count)
    }

    mutating func markReceived(_ received: Int) {
        precondition(received <= size - count, "more was received than there was room")
        count += received
    }

    /// What is here is taken, and its rest is received elsewhere: the next byte that comes here begins a frame, and is aligned like the
    /// first.
    mutating func startAgain() {
        head = 0
        count = 0
    }

    /// What can be read, in memory that somebody else fills.
    mutating func show(_ shown: Int, at position: Int) {
        head = position
        count = shown
    }

    @inlinable
    mutating func consume(_ consumed: Int) {
        count &-= consumed
        // An empty ring starts at the front again: the same few cache lines for a quiet connection.
        head = count == 0 ? (head &+ consumed) & 7 : (head &+ consumed) & (size &- 1)
    }
}
