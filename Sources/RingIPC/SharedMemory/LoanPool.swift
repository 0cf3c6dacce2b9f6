internal import CRingIPC
internal import Synchronization

/// Chunks of one size that this side writes and the peer reads: a file of its own, so that all of it can be dropped together.
///
/// The connection keeps it, and when that is gone whoever has a chunk of it in hand: see ``leaveToHands()``.
@safe
final class LoanPool: @unchecked Sendable {
    // The connection's thread uses it, but for `putBack`, which is for any thread: it exchanges one atomic.

    let number: UInt32
    let place: Int
    let layout: LoanPoolLayout
    private let base: UnsafeMutableRawPointer
    private var file: OwnedDescriptor?
    /// How often each chunk was lent: what the peer's counter is when the chunk is home.
    private var loans: UnsafeMutablePointer<UInt64>
    private let hands: UnsafeMutablePointer<Atomic<Hand>>
    /// Whether the program has a chunk, and has not sent it.
    private enum Hand: UInt8, AtomicRepresentable {
        case empty, full
        /// The connection is gone, and this hand keeps the pool.
        case keeping
    }
    /// The chunk that is lent next, if it is home.
    private var next = 0
    /// How many chunks are lent in turn, for payloads of that length.
    private var (inTurn, payloadInTurn) = (1, -1)
    /// How many of them were seen to be home, from the next on. Their counters share cache lines, which the peer writes for each loan: one look
    /// serves all.
    private var seenHome = 0
    /// Whether a loan of this pool was ever sent.
    private(set) var isUsed = false

    /// Makes the file, maps it for writing and seals it.
    ///
    /// - Parameter words: for the peer's counters, from which those of this pool go on. All chunks of the pool that had the place before are home.
    /// - Throws: ``TransportError`` when the kernel gives no such memory.
    init(number: UInt32, place: Int, layout: LoanPoolLayout, words: MappedWords) throws(TransportError) {
        let file = try SharedSegment.makeFile(layout.byteCount)
        var mapped: UnsafeMutableRawPointer?
        let result = unsafe ringipc_map_file(file.number, layout.byteCount, true, &mapped)
        guard result == 0, let memory = unsafe mapped else { throw TransportError(systemError: -result, during: .send) }
        self.number = number
        self.place = place
        self.layout = layout
        unsafe base = unsafe memory
        unsafe loans = .allocate(capacity: layout.count)
        unsafe hands = .allocate(capacity: layout.count)
        for chunk in 0..<layout.count {
            unsafe (loans + chunk).initialize(to: words.loadAcquire(.returns(of: chunk, inPlace: place)))
            unsafe (hands + chunk).initialize(to: Atomic(.empty))
        }
        // Everything is there, so that the end of this object follows when the file cannot be sealed.
        try SharedSegment.seal(file, SharedSegment.seals)
        self.file = consume file
    }

    deinit {
        _ = unsafe ringipc_unmap(base, layout.byteCount)
        unsafe loans.deallocate()
        unsafe hands.deallocate()
    }

    /// For passing it to the peer; `nil` after ``closeDescriptor()``.
    var descriptor: Int32? {
        switch file {
        case .some(let file): file.number
        case .none: nil
        }
    }

    func closeDescriptor() { file = nil }

    /// Where the frame in a chunk begins.
    func frame(in chunk: Int) -> UnsafeMutableRawPointer { unsafe base + layout.frameOffset(of: chunk) }
}

// MARK: Which chunks are home

extension LoanPool {
    /// Bytes that are lent before a chunk is used again. What the peer has just read is in the cache of its processor, and costs more to write
    /// than what has left that for a cache that both share; what has left all of them costs most.
    private static let bytesInTurn = 4 << 20

    /// A chunk that nobody has, for `count` bytes of payload; from now on the program has it. `nil` when all are out.
    func take(_ words: MappedWords, for count: Int) throws(TransportError) -> Int? {
        if count != payloadInTurn { beginTurn(count) }
        if seenHome == 0 { try lookHome(words) }
        if let chunk = takeSeen(for: count) { return chunk }
        for step in 0..<layout.count {
            let chunk = step < inTurn ? (next + step) % inTurn : step
            if try isHome(chunk, words) { return handOut(chunk) }
        }
        return nil
    }

    /// The same where it takes no look at the peer's counters.
    @inline(__always)
    func takeSeen(for count: Int) -> Int? {
        guard count == payloadInTurn, seenHome > 0 else { return nil }
        seenHome -= 1
        return handOut(next)
    }

    private func beginTurn(_ count: Int) {
        payloadInTurn = count
        inTurn = min(layout.count, max(1, Self.bytesInTurn / (LoanPoolLayout.headLength + count)))
        if next >= inTurn { next = 0 }
        seenHome = 0
    }

    /// As many as a cache line has counters: more would fetch another line, for loans that may never come.
    private static let mostSeenHome = 8

    /// Looks how many of the next chunks in turn are home.
    @inline(never)
    private func lookHome(_ words: MappedWords) throws(TransportError) {
        while seenHome < min(inTurn, Self.mostSeenHome), try isHome((next + seenHome) % inTurn, words) { seenHome += 1 }
    }

    /// While the peer takes a loan: looks which chunks are home, and makes the lines in which the next one begins this processor's own. They are in
    /// the cache of the peer, which has read them; all that is stored behind the first word of a loan would wait for them
    /// (see ``SharedLane/prepareLines(for:)``).
    func prepareNext(_ words: MappedWords) {
        // A counter that lies is told of when a chunk is taken.
        if seenHome == 0 { try? lookHome(words) }
        guard seenHome > 0 else { return }
        let frame = unsafe frame(in: next)
        unsafe frame.storeBytes(of: 0, as: UInt64.self)
        unsafe frame.storeBytes(of: 0, toByteOffset: NativeHeader.length, as: UInt64.self)
    }

    private func handOut(_ chunk: Int) -> Int {
        next = chunk + 1 < inTurn ? chunk + 1 : 0
        unsafe hands[chunk].store(.full, ordering: .relaxed)
        return chunk
    }

    func areAllHome(_ words: MappedWords) throws(TransportError) -> Bool {
        for chunk in 0..<layout.count where try !isHome(chunk, words) { return false }
        return true
    }

    private func isHome(_ chunk: Int, _ words: MappedWords) throws(TransportError) -> Bool {
        guard try words.isReturned(.returns(of: chunk, inPlace: place), unsafe loans[chunk]) else { return false }
        // Whoever gave it up has written to it before.
        return unsafe hands[chunk].load(ordering: .acquiring) == .empty
    }

    /// A chunk that the program had is the peer's, until its counter says otherwise.
    func markSent(_ chunk: Int) {
        isUsed = true
        unsafe loans[chunk] &+= 1
        unsafe hands[chunk].store(.empty, ordering: .relaxed)
    }
}

// MARK: Who keeps the pool

extension LoanPool {
    /// The connection gives the pool up. Whoever still has a chunk keeps it from here on.
    ///
    /// A loan that is sent, as nearly all are, so never counts a reference: of the locked instructions that takes, each would wait until the other
    /// core has given up the lines that were stored to before it.
    func leaveToHands() {
        for chunk in 0..<layout.count {
            let keeper = unsafe Unmanaged.passRetained(self)
            // Before the exchange: from then on the other thread may give up what it keeps.
            let isKeeping = unsafe hands[chunk].compareExchange(expected: .full, desired: .keeping, ordering: .acquiringAndReleasing).exchanged
            if !isKeeping { unsafe keeper.release() }
        }
    }

    /// A chunk that the program had is home, unsent. If that was all that kept the pool, it is gone after this.
    func putBack(_ chunk: Int) {
        // Of `leaveToHands` and this, whichever comes second sees the first, and gives up what was kept for the chunk.
        let hand = unsafe hands[chunk].exchange(.empty, ordering: .acquiringAndReleasing)
        if hand == .keeping { unsafe Unmanaged.passUnretained(self).release() }
    }
}
