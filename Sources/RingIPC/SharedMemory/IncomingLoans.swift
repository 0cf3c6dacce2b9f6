internal import CRingIPC

/// The pools that the peer lends from, as far as this side knows them, and the loan whose frame is being read.
@safe
struct IncomingLoans: ~Copyable {
    private let owner: SegmentOwner
    private let words: MappedWords
    /// Bytes of all mapped pools together, at most.
    let limit: Int
    private let maximumLeases: Int
    /// Passed, and not yet lent from. They are mapped when the ring speaks of them: only there they have an order with the ends of others.
    private var announced: [(pool: LoanPoolAnnouncement, descriptor: Int32)] = []
    private var lastNumber: UInt32 = 0
    private var pools: [PeerLoanPool] = []
    private var mappedBytes = 0
    private var current: CurrentLoan?
    /// Bytes of all frames that were taken, headers included.
    private(set) var receivedBytes: UInt64 = 0

    /// Without a reference to the pool: counting it would cost a frame four locked instructions, each of which waits for the stores before it.
    private struct CurrentLoan {
        /// Its place among the pools. They stay as they are while a loan is read.
        let pool: Int
        let chunk: Int
        let returns: UInt64
        let length: Int
        var isLeased = false
    }

    init(owner: SegmentOwner, words: MappedWords, options: SharedMemoryOptions) {
        self.owner = owner
        self.words = words
        limit = options.largestPeerLoans
        maximumLeases = options.maximumLeases
    }

    deinit { for pool in announced { ringipc_close_elsewhere(pool.descriptor) } }
}

// MARK: Pools

extension IncomingLoans {
    /// The peer has passed a pool.
    mutating func announce(_ pool: LoanPoolAnnouncement, _ descriptor: Int32) throws(TransportError) {
        guard pool.number == lastNumber &+ 1, pool.number > 0, pool.place < LoanPoolLayout.maximumPools, pool.layout != nil,
            announced.count < LoanPoolLayout.maximumPools
        else {
            ringipc_close_elsewhere(descriptor)
            throw Self.lie("has announced loan pool \(pool.number) of \(pool.count) chunks of 2^\(pool.chunkSizeBits) bytes")
        }
        lastNumber = pool.number
        announced.append((pool, descriptor))
    }

    @inline(__always)
    func knows(_ number: UInt32) -> Bool { index(of: number) != nil || announced.contains { $0.pool.number == number } }

    /// Where the pool of that number is among those that are mapped.
    @inline(__always)
    private func index(of number: UInt32) -> Int? {
        for index in pools.indices where pools[index].number == number { return index }
        return nil
    }

    /// Maps a pool that was announced. Returns where it is among the pools.
    @inline(never)
    private mutating func map(_ number: UInt32) throws(TransportError) -> Int {
        guard let index = announced.firstIndex(where: { $0.pool.number == number }), let layout = announced[index].pool.layout else {
            throw Self.lie("speaks of loan pool \(number), which it has not passed")
        }
        let (announcement, descriptor) = announced.remove(at: index)
        guard layout.byteCount <= limit - mappedBytes, !pools.contains(where: { $0.place == announcement.place }) else {
            ringipc_close_elsewhere(descriptor)
            throw Self.lie(
                "lends from pool \(number) of \(layout.byteCount) bytes; \(mappedBytes) of \(limit) are mapped, and its place must be free")
        }
        pools.append(try PeerLoanPool(announcement, layout, adopting: descriptor, owner: owner, words: words))
        mappedBytes += layout.byteCount
        return pools.count - 1
    }

    /// The peer needs a pool no more, of which nothing is here.
    mutating func endPool(_ number: UInt64) throws(TransportError) {
        guard let index = pools.firstIndex(where: { $0.number == number }), pools[index].areAllHome else {
            throw Self.lie("ends loan pool \(number), which it does not lend from or of which chunks are here")
        }
        mappedBytes -= pools.remove(at: index).layout.byteCount
    }

    private static func lie(_ detail: String) -> TransportError {
        TransportError(.invalidSharedMemory, during: .receive, detail: "the peer \(detail); it is broken or hostile")
    }
}

// MARK: Loans

extension IncomingLoans {
    /// Takes a loan that the ring speaks of. Returns the bytes of its frame, which are only known to lie within the chunk.
    mutating func take(_ loan: LoanDescription) throws(TransportError) -> UnsafeRawBufferPointer {
        let index = if let known = index(of: loan.pool) { known } else { try map(loan.pool) }
        let layout = pools[index].layout
        guard loan.chunk < layout.count, loan.encodedLength & 7 == 0, loan.encodedLength >= NativeHeader.length,
            loan.encodedLength <= layout.longestFrame
        else { throw Self.lie("lends \(loan.encodedLength) bytes in chunk \(loan.chunk) of pool \(loan.pool), which cannot be there") }
        let (chunk, length) = (Int(loan.chunk), Int(loan.encodedLength))
        let frame = unsafe pools[index].frame(in: chunk, length: length)
        // Its header is at the end of one cache line, and its payload begins the next. Fetched together, and while the rest is checked.
        unsafe ringipc_prefetch(frame.baseAddress)
        unsafe ringipc_prefetch(frame.baseAddress! + NativeHeader.length)
        guard pools[index].isHome(chunk) else { throw Self.lie("lends chunk \(chunk) of pool \(loan.pool) again, which is still here") }
        current = CurrentLoan(pool: index, chunk: chunk, returns: pools[index].take(chunk), length: length)
        receivedBytes &+= loan.encodedLength
        return unsafe frame
    }

    /// The frame that was taken and is not finished.
    var currentFrame: UnsafeRawBufferPointer? {
        guard let loan = current else { return nil }
        return unsafe pools[loan.pool].frame(in: loan.chunk, length: loan.length)
    }

    /// The frame was read, or copied: unless there is a lease, the chunk is the peer's again.
    mutating func finish() {
        guard let loan = current.take() else { return }
        if !loan.isLeased { pools[loan.pool].giveBack(loan.chunk, loan.returns) }
    }

    /// A lease of the frame that is being read; `nil` when `payload` is not that, or there are too many.
    mutating func lease(_ payload: UnsafeRawBufferPointer) -> FrameLease? {
        guard let loan = current, !loan.isLeased else { return nil }
        let pool = pools[loan.pool]
        guard unsafe payload.baseAddress == pool.payload(in: loan.chunk), pool.beginLease(atMost: maximumLeases) else { return nil }
        current?.isLeased = true
        return FrameLease(of: loan.chunk, in: pool, returns: loan.returns, count: payload.count)
    }
}
