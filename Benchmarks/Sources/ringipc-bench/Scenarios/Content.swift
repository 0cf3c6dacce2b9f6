/// The content of a message: as little-endian 64-bit words, word `i` of the message with sequence number `s` is
/// `s &+ i &* step`; the last word is cut to its low bytes. So each message is told from each other one, and each word from
/// the next. The C limit programs use the same.
enum Content {
    static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Eight words at once: what the compiler turns into the vector instructions of every 64-bit machine.
    private typealias Block = SIMD8<UInt64>
    private static let blockSize = 64

    /// The words of a message from one on. Counted from the word before: adding nothing to one of them would be left out, at the price of two
    /// instructions that put it beside the others.
    @inline(__always)
    private static func block(from word: UInt64) -> Block {
        Block(repeating: word &- step)
            &+ Block(step, step &* 2, step &* 3, step &* 4, step &* 5, step &* 6, step &* 7, step &* 8)
    }

    /// From a block to the next, where one is carried to the other with one addition for each of its registers: less work than to make each anew, but
    /// the registers for it are no longer there for the loops over short messages.
    private static var blockStep: Block { Block(repeating: step &* 8) }

    /// Bytes of a message at whose front each block is made anew.
    private static var front: Int { 4 &* blockSize }

    /// Writes message `sequence` over all of `payload`.
    @inline(__always)
    static func write(_ sequence: UInt64, to payload: inout MutableRawSpan) {
        unsafe payload.withUnsafeMutableBytes { bytes in
            unsafe write(sequence, to: bytes)
        }
    }

    /// Message `sequence` as an array, for where time does not matter.
    static func bytes(_ sequence: UInt64, size: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        unsafe bytes.withUnsafeMutableBytes { unsafe write(sequence, to: $0) }
        return bytes
    }

    /// Whether `payload` is message `sequence`, byte for byte. Differences are collected without a branch for each word.
    @inline(__always)
    static func matches(_ sequence: UInt64, _ payload: RawSpan) -> Bool {
        var word = sequence
        var differences = Block(repeating: 0)
        var offset = 0
        let blocks = min(payload.byteCount, front) & ~(blockSize &- 1)
        while offset != blocks {
            let found = unsafe payload.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Block.self).littleEndian
            differences |= found ^ block(from: word)
            word &+= step &* 8
            offset &+= blockSize
        }
        guard isZero(differences) else { return false }
        return payload.byteCount == blocks || matchesCarried(word, payload.extracting(droppingFirst: blocks))
    }

    /// Writes message `sequence`, with which nothing is sent together: a long one is carried from its beginning on.
    @inline(__always)
    static func writeAlone(_ sequence: UInt64, to payload: inout MutableRawSpan) {
        guard payload.byteCount > front else { return write(sequence, to: &payload) }
        unsafe payload.withUnsafeMutableBytes { unsafe writeCarried(sequence, to: $0) }
    }

    /// Whether `payload` is message `sequence`, for one that came by itself.
    @inline(__always)
    static func matchesAlone(_ sequence: UInt64, _ payload: RawSpan) -> Bool {
        payload.byteCount > front ? matchesCarried(sequence, payload) : matches(sequence, payload)
    }

    /// Writes only the first word of message `sequence`.
    @inline(__always)
    static func begin(_ sequence: UInt64, _ payload: inout MutableRawSpan) {
        payload.storeBytes(of: sequence.littleEndian, as: UInt64.self)
    }

    /// Whether `payload`, of eight bytes or more, begins as message `sequence` does.
    @inline(__always)
    static func begins(_ sequence: UInt64, _ payload: RawSpan) -> Bool {
        unsafe payload.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian == sequence
    }

    @inline(__always)
    private static func write(_ sequence: UInt64, to bytes: UnsafeMutableRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        var word = sequence
        var offset = 0
        let blocks = min(bytes.count, front) & ~(blockSize &- 1)
        while offset != blocks {
            unsafe write(block(from: word), to: start + offset)
            word &+= step &* 8
            offset &+= blockSize
        }
        if bytes.count != blocks { unsafe writeCarried(word, to: UnsafeMutableRawBufferPointer(rebasing: bytes[blocks...])) }
    }

    /// Upwards, in registers of the baseline. A store of the whole block is cut into parts that are written downwards, and since blocks lie across
    /// two cache lines each then goes back to the line before: round trips of 4 KiB took a fifth longer.
    @inline(__always)
    private static func write(_ block: Block, to place: UnsafeMutableRawPointer) {
        let block = block.littleEndian
        unsafe place.storeBytes(of: block.lowHalf.lowHalf, as: SIMD2<UInt64>.self)
        unsafe place.storeBytes(of: block.lowHalf.highHalf, toByteOffset: 16, as: SIMD2<UInt64>.self)
        unsafe place.storeBytes(of: block.highHalf.lowHalf, toByteOffset: 32, as: SIMD2<UInt64>.self)
        unsafe place.storeBytes(of: block.highHalf.highHalf, toByteOffset: 48, as: SIMD2<UInt64>.self)
    }

    /// Any number of bytes from the word `first` on: what is behind the front, less than a block, or a long message by itself. Not inlined, so that
    /// the loops over messages have the registers.
    @inline(never)
    private static func writeCarried(_ first: UInt64, to bytes: UnsafeMutableRawBufferPointer) {
        guard var next = bytes.baseAddress else { return }
        var carried = block(from: first)
        let blockEnd = unsafe next + (bytes.count & ~(blockSize &- 1))
        let wordEnd = unsafe next + (bytes.count & ~7)
        while unsafe next != blockEnd {
            unsafe write(carried, to: next)
            carried &+= blockStep
            unsafe next += blockSize
        }
        if unsafe next == wordEnd, bytes.count & 7 == 0 { return }
        var word = carried[0]
        while unsafe next != wordEnd {
            unsafe next.storeBytes(of: word.littleEndian, as: UInt64.self)
            word &+= step
            unsafe next += 8
        }
        for index in 0..<bytes.count & 7 {
            unsafe next.storeBytes(of: UInt8(truncatingIfNeeded: word >> UInt64(8 * index)), toByteOffset: index, as: UInt8.self)
        }
    }

    /// Whether `payload` has what ``writeCarried(_:to:)`` writes.
    @inline(never)
    private static func matchesCarried(_ first: UInt64, _ payload: RawSpan) -> Bool {
        var expected = block(from: first)
        var blockDifferences = Block(repeating: 0)
        var offset = 0
        let blocks = payload.byteCount & ~(blockSize &- 1)
        while offset != blocks {
            blockDifferences |= unsafe payload.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Block.self).littleEndian ^ expected
            expected &+= blockStep
            offset &+= blockSize
        }
        guard isZero(blockDifferences) else { return false }
        if payload.byteCount == blocks { return true }
        var word = expected[0]
        var differences: UInt64 = 0
        let tail = payload.byteCount & ~7
        while offset != tail {
            differences |= unsafe payload.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self).littleEndian ^ word
            word &+= step
            offset &+= 8
        }
        for index in 0..<payload.byteCount & 7 {
            let found = unsafe payload.unsafeLoad(fromUncheckedByteOffset: tail + index, as: UInt8.self)
            differences |= UInt64(found ^ UInt8(truncatingIfNeeded: word >> UInt64(8 * index)))
        }
        return differences == 0
    }
}

extension Content {
    @inline(__always)
    private static func isZero(_ block: Block) -> Bool {
        let half = block.lowHalf | block.highHalf
        let quarter = half.lowHalf | half.highHalf
        return quarter[0] | quarter[1] == 0
    }
}

extension SIMD8 where Scalar == UInt64 {
    /// Each word in little-endian order, from or to this machine's.
    @inline(__always)
    fileprivate var littleEndian: Self {
        #if _endian(little)
            self
        #else
            Self(indices.map { self[$0].littleEndian })
        #endif
    }
}

/// Checks a stream of messages: every one, whole, unchanged, in order.
struct StreamVerifier {
    let size: Int
    private(set) var count = 0

    init(size: Int) { self.size = size }

    @inline(__always)
    mutating func check(_ payload: RawSpan) throws {
        guard payload.byteCount == size, Content.matches(UInt64(count), payload) else { throw failure(payload) }
        count &+= 1
    }

    /// What the message is instead of the expected one.
    @inline(never)
    private func failure(_ payload: RawSpan) -> BenchmarkFailure {
        guard payload.byteCount == size else {
            return BenchmarkFailure("message \(count) has \(payload.byteCount) bytes instead of \(size)")
        }
        guard size >= 8 else { return BenchmarkFailure("message \(count) has a wrong content") }
        let found = unsafe payload.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian
        guard Content.matches(found, payload) else { return BenchmarkFailure("message \(count) is torn or damaged") }
        let what = found < UInt64(count) ? "repeated" : "lost or reordered"
        return BenchmarkFailure("message \(found) arrived where \(count) was due: a message was \(what)")
    }
}
