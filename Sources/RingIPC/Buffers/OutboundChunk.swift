internal import CRingIPC

/// A piece of outbound memory: written from the front by the encoder, sent from the front by the kernel, never moved.
///
/// The header lies in front of its data in one allocation, so that a chunk is one pointer wide and chains cost nothing.
@unsafe
struct OutboundChunk {
    var next: UnsafeMutablePointer<OutboundChunk>?
    let capacity: Int
    /// Bytes that the kernel has taken.
    var sent = 0
    /// Bytes that the encoder has written. `sent <= written <= capacity`.
    var written = 0

    /// Where data begins: a cache line behind the header.
    static let headerLength = 64

    static func allocate(capacity: Int) -> UnsafeMutablePointer<OutboundChunk> {
        let memory = unsafe UnsafeMutableRawPointer.allocate(byteCount: headerLength + capacity, alignment: headerLength)
        let chunk = unsafe memory.bindMemory(to: OutboundChunk.self, capacity: 1)
        unsafe chunk.initialize(to: OutboundChunk(next: nil, capacity: capacity))
        return unsafe chunk
    }

    static func data(of chunk: UnsafeMutablePointer<OutboundChunk>) -> UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(chunk) + headerLength
    }
}

/// The chunks of one loop or one blocking connection. A connection has chunks only while it has something to send.
///
/// What a connection may queue is bounded by its own limit; the pool keeps a few free chunks, so that steady traffic allocates nothing.
@safe
final class OutboundChunkPool {
    /// Bytes of data in a standard chunk. One chunk is one call of the kernel.
    ///
    /// A Unix socket keeps what is sent in pieces of at most 36,544 bytes: 32 KiB of pages, and what is left of a page beside the
    /// piece's own head. Two whole pieces take two allocations of pages; 64 KiB would take four, and cost the sender 14–23 % more
    /// time per message (`ringipc-limits stream --batch`).
    static let chunkCapacity = 2 * 36_544

    private var free: UnsafeMutablePointer<OutboundChunk>?
    private var freeCount = 0
    private let maximumFreeCount: Int
    /// Chunks that are in the hands of connections. Zero when the last one is closed.
    private(set) var lentCount = 0

    init(maximumFreeCount: Int) { self.maximumFreeCount = maximumFreeCount }

    /// A chunk with room for `minimum` bytes: a standard one, or one made to measure for a larger frame.
    func take(minimum: Int) -> UnsafeMutablePointer<OutboundChunk> {
        lentCount += 1
        guard minimum <= Self.chunkCapacity else { return unsafe OutboundChunk.allocate(capacity: minimum) }
        guard let chunk = unsafe free else { return unsafe OutboundChunk.allocate(capacity: Self.chunkCapacity) }
        unsafe free = unsafe chunk.pointee.next
        freeCount -= 1
        unsafe chunk.pointee.next = nil
        return unsafe chunk
    }

    func giveBack(_ chunk: UnsafeMutablePointer<OutboundChunk>) {
        lentCount -= 1
        guard unsafe chunk.pointee.capacity == Self.chunkCapacity, freeCount < maximumFreeCount else {
            unsafe UnsafeMutableRawPointer(chunk).deallocate()
            return
        }
        unsafe chunk.pointee.sent = 0
        unsafe chunk.pointee.written = 0
        unsafe chunk.pointee.next = unsafe free
        unsafe free = unsafe chunk
        freeCount += 1
    }

    deinit {
        precondition(lentCount == 0, "\(lentCount) outbound chunks did not come home")
        while let chunk = unsafe free {
            unsafe free = unsafe chunk.pointee.next
            unsafe UnsafeMutableRawPointer(chunk).deallocate()
        }
    }
}
