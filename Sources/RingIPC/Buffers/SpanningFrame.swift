internal import CRingIPC

/// Memory that a loop may spend on frames that are longer than a buffer or cut by its end. A peer that announces much and sends
/// little costs what it sent.
@safe
struct SpanningBudget: ~Copyable {
    let limit: Int
    private(set) var used = 0
    /// Free blocks of the smallest size, chained through their first word: a frame cut by a buffer's end costs no system call.
    private var free: UnsafeMutableRawPointer?
    private var freeCount = 0

    static let maximumFreeCount = 64
    /// The smallest block: a page.
    static let blockSize = 4096

    init(limit: Int) { self.limit = limit }

    deinit {
        var next = unsafe free
        while let block = unsafe next {
            unsafe next = unsafe block.load(as: UnsafeMutableRawPointer?.self)
            _ = unsafe ringipc_unmap(block, Self.blockSize)
        }
    }

    fileprivate mutating func takeBlock() -> UnsafeMutableRawPointer? {
        guard used + Self.blockSize <= limit else { return nil }
        let block: UnsafeMutableRawPointer
        if let first = unsafe free {
            unsafe free = unsafe first.load(as: UnsafeMutableRawPointer?.self)
            freeCount -= 1
            unsafe block = unsafe first
        } else {
            guard let mapped = unsafe ringipc_map(Self.blockSize) else { return nil }
            unsafe block = unsafe mapped
        }
        used += Self.blockSize
        return unsafe block
    }

    fileprivate mutating func grow(_ memory: UnsafeMutableRawPointer, from capacity: Int, to newCapacity: Int) -> UnsafeMutableRawPointer? {
        guard used + newCapacity - capacity <= limit, let moved = unsafe ringipc_remap(memory, capacity, newCapacity) else { return nil }
        used += newCapacity - capacity
        return unsafe moved
    }

    fileprivate mutating func giveBack(_ memory: UnsafeMutableRawPointer, capacity: Int) {
        used -= capacity
        guard capacity == Self.blockSize, freeCount < Self.maximumFreeCount else {
            _ = unsafe ringipc_unmap(memory, capacity)
            return
        }
        unsafe memory.storeBytes(of: free, as: UnsafeMutableRawPointer?.self)
        unsafe free = unsafe memory
        freeCount += 1
    }
}

/// The bytes of one frame that did not fit, or did not arrive, in one piece. Empty for almost every connection at almost every time.
///
/// It grows as bytes arrive, by moving page tables and not bytes. Its memory is page aligned, so that a native payload in it is
/// 8-byte aligned.
@safe
struct SpanningFrame: ~Copyable {
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0

    init() {}

    /// For the end of a budget together with its frames; before that, `giveBack(to:)` keeps the accounts.
    deinit {
        if let memory = unsafe memory { _ = unsafe ringipc_unmap(memory, capacity) }
    }

    var isEmpty: Bool { count == 0 }
    var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: memory, count: count) }

    /// Makes room for at least one more byte, and for no more than `wanted` of them. `nil` when the budget says no.
    mutating func spare(_ wanted: Int, from budget: inout SpanningBudget) -> UnsafeMutableRawBufferPointer? {
        if count == capacity {
            if let current = unsafe memory {
                // Doubling, but not beyond what the frame needs.
                let needed = (count + wanted + SpanningBudget.blockSize - 1) & ~(SpanningBudget.blockSize - 1)
                let newCapacity = min(2 * capacity, needed)
                guard let grown = unsafe budget.grow(current, from: capacity, to: newCapacity) else { return nil }
                unsafe memory = unsafe grown
                capacity = newCapacity
            } else {
                guard let block = unsafe budget.takeBlock() else { return nil }
                unsafe memory = unsafe block
                capacity = SpanningBudget.blockSize
            }
        }
        return unsafe UnsafeMutableRawBufferPointer(start: memory! + count, count: min(wanted, capacity - count))
    }

    /// `received` bytes of the spare memory were filled.
    mutating func markReceived(_ received: Int) {
        precondition(received <= capacity - count, "more was received than there was room")
        count += received
    }

    /// Copies the front of `source` in, as much as the budget allows, and says how much that was.
    mutating func append(_ source: UnsafeRawBufferPointer, from budget: inout SpanningBudget) -> Int {
        var copied = 0
        while copied < source.count, let room = unsafe spare(source.count - copied, from: &budget) {
            unsafe room.copyMemory(from: source.dropping(copied).keeping(room.count))
            markReceived(room.count)
            copied += room.count
        }
        return copied
    }

    mutating func giveBack(to budget: inout SpanningBudget) {
        guard let current = unsafe memory else { return }
        unsafe budget.giveBack(current, capacity: capacity)
        unsafe memory = nil
        capacity = 0
        count = 0
    }
}
