internal import CRingIPC

/// Memory that spanning frames have given back, kept for the next ones: page faults of fresh memory cost more than what is received into
/// it.
///
/// Blocks are chained through their own first word; a long block's second word is its size. Those of the smallest size, which almost every
/// cut frame takes, are apart.
@safe
struct BlockCache: ~Copyable {
    /// The size of the smallest block: a page.
    static let blockSize = 4096
    static let maximumBlockCount = 64
    static let maximumLongCount = 8

    /// Bytes of all long blocks together that may be kept.
    let longLimit: Int
    private var blocks: UnsafeMutableRawPointer?
    private var blockCount = 0
    /// The one that was used last is in front: it is the likeliest to fit the next frame, and to be in the CPU's cache.
    private var long: UnsafeMutableRawPointer?
    private var longCount = 0
    private(set) var longBytes = 0

    init(longLimit: Int) { self.longLimit = longLimit }

    deinit {
        var next = unsafe blocks
        while let block = unsafe next {
            unsafe next = unsafe Self.next(block)
            unsafe Self.unmap(block, Self.blockSize)
        }
        unsafe next = unsafe long
        while let block = unsafe next {
            unsafe next = unsafe Self.next(block)
            unsafe Self.unmap(block, Self.size(block))
        }
    }

    /// A block of the smallest size.
    mutating func takeBlock() -> UnsafeMutableRawPointer? {
        guard let first = unsafe blocks else { return nil }
        unsafe blocks = unsafe Self.next(first)
        blockCount -= 1
        return unsafe first
    }

    /// The first long block of at least `size` bytes.
    mutating func takeLong(atLeast size: Int) -> UnsafeMutableRawBufferPointer? {
        guard let block = unsafe takeLong(where: { unsafe Self.size($0) >= size }) else { return nil }
        return unsafe UnsafeMutableRawBufferPointer(start: block, count: Self.size(block))
    }

    private mutating func takeLong(where fits: (UnsafeMutableRawPointer) -> Bool) -> UnsafeMutableRawPointer? {
        var previous: UnsafeMutableRawPointer?
        var candidate = unsafe long
        while let block = unsafe candidate, unsafe !fits(block) {
            unsafe previous = unsafe block
            unsafe candidate = unsafe Self.next(block)
        }
        guard let block = unsafe candidate else { return nil }
        if let previous = unsafe previous {
            unsafe Self.setNext(Self.next(block), of: previous)
        } else {
            unsafe long = unsafe Self.next(block)
        }
        longCount -= 1
        longBytes -= unsafe Self.size(block)
        return unsafe block
    }

    /// Keeps memory that nobody uses, or unmaps it.
    mutating func keep(_ memory: UnsafeMutableRawPointer, _ size: Int) {
        guard size > Self.blockSize else { return unsafe keepBlock(memory) }
        guard size <= longLimit else { return unsafe Self.unmap(memory, size) }
        unsafe Self.setNext(long, of: memory)
        unsafe memory.storeBytes(of: size, toByteOffset: MemoryLayout<UInt>.size, as: Int.self)
        unsafe long = unsafe memory
        longCount += 1
        longBytes += size
        // Those that lie here longest go: lengths that nobody sends any more must not keep out those that come now.
        while longBytes > longLimit || longCount > Self.maximumLongCount {
            guard let last = unsafe takeLong(where: { unsafe Self.next($0) == nil }) else { return }
            unsafe Self.unmap(last, Self.size(last))
        }
    }

    private mutating func keepBlock(_ memory: UnsafeMutableRawPointer) {
        guard blockCount < Self.maximumBlockCount else { return unsafe Self.unmap(memory, Self.blockSize) }
        unsafe Self.setNext(blocks, of: memory)
        unsafe blocks = unsafe memory
        blockCount += 1
    }

    private static func next(_ block: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        unsafe block.load(as: UnsafeMutableRawPointer?.self)
    }

    private static func setNext(_ next: UnsafeMutableRawPointer?, of block: UnsafeMutableRawPointer) {
        unsafe block.storeBytes(of: next, as: UnsafeMutableRawPointer?.self)
    }

    private static func size(_ block: UnsafeMutableRawPointer) -> Int {
        unsafe block.load(fromByteOffset: MemoryLayout<UInt>.size, as: Int.self)
    }

    private static func unmap(_ memory: UnsafeMutableRawPointer, _ size: Int) { _ = unsafe ringipc_unmap(memory, size) }
}
