internal import CRingIPC

/// Memory that a loop may spend on frames that are longer than a buffer or cut by its end. A peer that announces much and sends
/// little costs what it sent.
@safe
struct SpanningBudget: ~Copyable {
    let limit: Int
    /// Kept for one frame at a time, the elder: with it that frame can always end, however many others have begun. Otherwise frames
    /// that wait for memory could wait for each other.
    let reserve: Int
    private(set) var used = 0
    /// Whether the last refusal was the kernel's: to wait for other frames to end would not help.
    private(set) var isKernelOutOfMemory = false
    /// The elder's part of it.
    private var usedByElder = 0
    private var hasElder = false
    private var cache: BlockCache

    static let blockSize = BlockCache.blockSize

    /// - Parameter reserve: room for a frame of the longest kind; part of `limit`. As much is kept, beside the budget, from frame to frame.
    init(limit: Int, reserve: Int = 0) {
        self.limit = limit
        self.reserve = min(reserve, limit)
        cache = BlockCache(longLimit: self.reserve)
    }

    /// For the longest frames that a configuration allows.
    init(_ configuration: Configuration) {
        self.init(limit: configuration.spanningBudget, reserve: Self.wholeBlocks(configuration.longestEncodedFrame))
    }

    /// Memory beside `used`, for frames that are still to come.
    var keptBytes: Int { cache.longBytes }

    static func wholeBlocks(_ bytes: Int) -> Int { (bytes + blockSize - 1) & ~(blockSize - 1) }

    /// Books memory for a frame, which may become the elder for it.
    private mutating func book(_ bytes: Int, for frame: inout SpanningFrame.Account) -> Bool {
        if !frame.isElder {
            guard used - usedByElder + bytes > limit - reserve else {
                used += bytes
                frame.capacity += bytes
                return true
            }
            guard frame.mayBeElder, !hasElder, frame.capacity + bytes <= reserve else { return false }
            frame.isElder = true
            hasElder = true
            usedByElder = frame.capacity
        }
        guard usedByElder + bytes <= reserve else { return false }
        usedByElder += bytes
        used += bytes
        frame.capacity += bytes
        return true
    }

    private mutating func unbook(_ bytes: Int, of frame: inout SpanningFrame.Account) {
        used -= bytes
        frame.capacity -= bytes
        if frame.isElder { usedByElder -= bytes }
    }

    fileprivate mutating func takeBlock(for frame: inout SpanningFrame.Account) -> UnsafeMutableRawPointer? {
        isKernelOutOfMemory = false
        guard book(Self.blockSize, for: &frame) else { return nil }
        if let block = unsafe cache.takeBlock() { return unsafe block }
        guard let mapped = unsafe ringipc_map(Self.blockSize) else {
            isKernelOutOfMemory = true
            unbook(Self.blockSize, of: &frame)
            return nil
        }
        return unsafe mapped
    }

    /// Moves the frame's bytes to at least `size` bytes of memory.
    fileprivate mutating func grow(
        _ memory: UnsafeMutableRawPointer, to size: Int, for frame: inout SpanningFrame.Account
    ) -> UnsafeMutableRawPointer? {
        isKernelOutOfMemory = false
        if let kept = unsafe moveToKept(memory, atLeast: size, for: &frame) { return unsafe kept }
        let capacity = frame.capacity
        guard book(size - capacity, for: &frame) else { return nil }
        guard let moved = unsafe ringipc_remap(memory, capacity, size) else {
            isKernelOutOfMemory = true
            unbook(size - capacity, of: &frame)
            return nil
        }
        return unsafe moved
    }

    /// Copying the little that has come costs less than the page faults of fresh memory for what is still to come.
    private mutating func moveToKept(
        _ memory: UnsafeMutableRawPointer, atLeast size: Int, for frame: inout SpanningFrame.Account
    ) -> UnsafeMutableRawPointer? {
        let capacity = frame.capacity
        guard let kept = unsafe cache.takeLong(atLeast: size), let address = kept.baseAddress else { return nil }
        guard book(kept.count - capacity, for: &frame) else {
            unsafe cache.keep(address, kept.count)
            return nil
        }
        unsafe address.copyMemory(from: memory, byteCount: capacity)
        unsafe cache.keep(memory, capacity)
        return unsafe address
    }

    fileprivate mutating func giveBack(_ memory: UnsafeMutableRawPointer, of frame: inout SpanningFrame.Account) {
        let capacity = frame.capacity
        unbook(capacity, of: &frame)
        if frame.isElder {
            frame.isElder = false
            hasElder = false
        }
        unsafe cache.keep(memory, capacity)
    }
}

/// The bytes of one frame that did not fit, or did not arrive, in one piece. Empty for almost every connection at almost every time.
///
/// It grows as bytes arrive: into memory that an earlier frame had, else by moving page tables and not bytes. Its memory is page aligned,
/// so that a native payload in it is 8-byte aligned.
@safe
struct SpanningFrame: ~Copyable {
    /// What the budget has given.
    struct Account {
        var capacity = 0
        /// Whether it may have the budget's reserve. Not what is no frame, and so may stay for ever.
        let mayBeElder: Bool
        var isElder = false
    }

    private var memory: UnsafeMutableRawPointer?
    private var account: Account
    private var capacity: Int { account.capacity }
    private(set) var count = 0

    init(mayBeElder: Bool = true) { account = Account(mayBeElder: mayBeElder) }

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
                let newCapacity = min(2 * capacity, SpanningBudget.wholeBlocks(count + wanted))
                guard let grown = unsafe budget.grow(current, to: newCapacity, for: &account) else { return nil }
                unsafe memory = unsafe grown
            } else {
                guard let block = unsafe budget.takeBlock(for: &account) else { return nil }
                unsafe memory = unsafe block
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
        unsafe budget.giveBack(current, of: &account)
        unsafe memory = nil
        count = 0
    }
}
