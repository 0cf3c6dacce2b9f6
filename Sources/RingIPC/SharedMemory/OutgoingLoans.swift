internal import CRingIPC

/// The pools that this side lends from. Made when a loan needs one, dropped when the memory is needed for another.
@safe
struct OutgoingLoans: ~Copyable {
    private let words: MappedWords
    private let socket: Int32
    private let budget: Int
    /// Bytes of all pools together, at most: also what the peer maps. 0 before it has said so.
    private var limit = 0
    private var pools: [LoanPool] = []
    private var poolBytes = 0
    private var nextNumber: UInt32 = 1
    /// Bytes of all frames that were lent, headers included.
    var sentBytes: UInt64 = 0
    /// Pools that the kernel or the socket refused in a row, and loans that are not to try again.
    private var refusals = 0
    private var patience = 0

    init(words: MappedWords, socket: Int32, budget: Int) {
        self.words = words
        self.socket = socket
        self.budget = budget
    }

    deinit { for pool in pools { pool.leaveToHands() } }

    /// The peer says how many bytes it maps.
    mutating func setPeerLimit(_ bytes: UInt64) { limit = min(budget, Int(clamping: bytes)) }

    func owns(_ loan: borrowing Loan) -> Bool {
        for index in pools.indices where loan.isFrom(pools[index]) { return true }
        return false
    }

    /// The description of a loan has been published, or is queued.
    mutating func noteSent(_ loan: consuming Loan) {
        sentBytes &+= UInt64(NativeHeader.encodedLength(ofPayload: loan.count))
        loan.markSent(words)
    }

    /// A chunk that is home, in a pool that is there.
    func take(_ count: Int) throws(TransportError) -> Loan? {
        let bits = LoanPoolLayout.chunkSizeBits(forPayload: count)
        for index in pools.indices where pools[index].layout.chunkSizeBits == bits {
            let pool = unsafe Unmanaged.passUnretained(pools[index])
            // First what needs no look, and no reference for a call that can throw.
            if let chunk = unsafe pool._withUnsafeGuaranteedRef({ $0.takeSeen(for: count) }) { return unsafe Loan(of: chunk, in: pool, count: count) }
            if let chunk = try pools[index].take(words, for: count) { return unsafe Loan(of: chunk, in: pool, count: count) }
        }
        return nil
    }
}

// MARK: Making and dropping pools

extension OutgoingLoans {
    private var hasPlace: Bool { pools.count < LoanPoolLayout.maximumPools }
    private var unusedBytes: Int { limit - poolBytes }

    /// The pool that a loan of `count` bytes needs; `nil` when the budget has no room for it.
    private func layout(for count: Int) -> LoanPoolLayout? {
        guard let one = Self.oneChunk(for: count), one.byteCount <= unusedBytes else { return nil }
        // An eighth of the budget, so that chunks of several sizes have room beside each other.
        let chunkCount = max(1, min(limit / 8, unusedBytes) / one.stride)
        return LoanPoolLayout(chunkSizeBits: one.chunkSizeBits, count: min(chunkCount, LoanPoolLayout.maximumChunks))
    }

    private static func oneChunk(for count: Int) -> LoanPoolLayout? {
        LoanPoolLayout(chunkSizeBits: LoanPoolLayout.chunkSizeBits(forPayload: count), count: 1)
    }

    /// Whether a new pool is to be tried now: who asks for each message must not try for each.
    mutating func maySeekPool() -> Bool {
        guard patience > 0 else { return true }
        patience -= 1
        return false
    }

    /// Gives up pools of which nothing is out, if that makes room for a loan of `count` bytes.
    ///
    /// - Returns: their numbers, of which the peer is to be told.
    mutating func makeRoom(for count: Int) throws(TransportError) -> [UInt32] {
        guard let needed = Self.oneChunk(for: count)?.byteCount, needed <= limit, !hasPlace || needed > unusedBytes else { return [] }
        var idle: [LoanPool] = []
        // One that was never used stays: the peer need not keep more announcements of pools in mind than it has places.
        for pool in pools where pool.isUsed { if try pool.areAllHome(words) { idle.append(pool) } }
        guard idle.reduce(unusedBytes, { $0 + $1.layout.byteCount }) >= needed else { return [] }
        var dropped: [UInt32] = []
        for pool in idle where !hasPlace || needed > unusedBytes {
            pools.removeAll { $0 === pool }
            poolBytes -= pool.layout.byteCount
            dropped.append(pool.number)
        }
        return dropped
    }

    /// A loan from a new pool, which is passed to the peer; `nil` when the budget is used up, or kernel or socket refuse it.
    mutating func takeFromNewPool(_ count: Int) throws(TransportError) -> Loan? {
        guard hasPlace, nextNumber < .max, let layout = layout(for: count) else { return nil }
        guard try addPool(layout) else {
            refusals = min(refusals + 1, 10)
            patience = 1 << refusals
            return nil
        }
        refusals = 0
        return try take(count)
    }

    private mutating func addPool(_ layout: LoanPoolLayout) throws(TransportError) -> Bool {
        guard let place = (0..<LoanPoolLayout.maximumPools).first(where: { place in !pools.contains { $0.place == place } }),
            let pool = try? LoanPool(number: nextNumber, place: place, layout: layout, words: words), try pass(pool)
        else { return false }
        pool.closeDescriptor()
        pools.append(pool)
        poolBytes += layout.byteCount
        nextNumber += 1
        return true
    }

    /// Before anything in the ring speaks of it, the pool is in the peer's socket. `false` when that is full, or takes no descriptors now.
    private func pass(_ pool: LoanPool) throws(TransportError) -> Bool {
        let words = LoanPoolAnnouncement(number: pool.number, place: pool.place, layout: pool.layout).words
        var frame = (
            NativeHeader.word(kind: .loanPool, payloadLength: 16).littleEndian, words.0.littleEndian, words.1.littleEndian
        )
        let length = MemoryLayout.size(ofValue: frame)
        let result = unsafe ringipc_send_descriptor(socket, &frame, length, pool.descriptor ?? -1)
        guard result <= 0 || result == length else { throw TransportError(systemError: EIO, during: .send) }
        return result == length
    }
}
