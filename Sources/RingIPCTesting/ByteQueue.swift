/// Bytes in order, put in at one end and taken at the other.
struct ByteQueue {
    private var bytes: [UInt8] = []
    private var head = 0

    var count: Int { bytes.count - head }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ new: UnsafeRawBufferPointer) { unsafe bytes.append(contentsOf: new) }

    /// Fills the front of `memory`. Returns how much that was.
    mutating func take(into memory: UnsafeMutableRawBufferPointer) -> Int {
        let taken = min(count, memory.count)
        unsafe bytes.withUnsafeBytes { source in
            unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[head..<(head + taken)]))
        }
        head += taken
        if head == bytes.count { removeAll() }
        return taken
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        head = 0
    }
}
