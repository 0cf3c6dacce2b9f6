/// Where everything lies in a pool of chunks for loans. `Docs/SharedMemory.md` gives it byte by byte.
struct LoanPoolLayout: Hashable, Sendable {
    /// Pools that a side has at a time.
    static let maximumPools = 16
    /// Chunks of one pool: each has a counter in the peer's segment, and the counters of a pool lie in a row.
    static let maximumChunks = 256

    /// Chunks are a power of two of payload bytes: from 64 KiB to what the longest frame takes.
    static let chunkSizeBits = 16...31
    /// Bytes in front of a payload, so that it begins at a cache line. The last of them are the frame's header.
    static let headLength = 64

    let chunkSizeBits: Int
    let count: Int

    /// Bytes of payload that a chunk takes.
    var chunkSize: Int { 1 << chunkSizeBits }
    /// Bytes from one chunk to the next.
    var stride: Int { Self.headLength + chunkSize }
    var byteCount: Int { count * stride }
    /// Bytes of the longest frame in a chunk, header included.
    var longestFrame: Int {
        @inline(__always) get { NativeHeader.length + chunkSize }
    }

    /// `nil` for what no pool has.
    init?(chunkSizeBits: Int, count: Int) {
        guard Self.chunkSizeBits.contains(chunkSizeBits), (1...Self.maximumChunks).contains(count) else { return nil }
        self.chunkSizeBits = chunkSizeBits
        self.count = count
    }

    /// The smallest chunk for a payload of `count` bytes, which is no longer than a frame may be.
    static func chunkSizeBits(forPayload count: Int) -> Int {
        max(chunkSizeBits.lowerBound, Int.bitWidth - max(0, count - 1).leadingZeroBitCount)
    }

    /// Where the frame in a chunk begins, in bytes from the beginning of the pool.
    @inline(__always)
    func frameOffset(of chunk: Int) -> Int { chunk * stride + Self.headLength - NativeHeader.length }
}

extension LaneWord {
    /// How often the owner of the segment has given back what lay in one of the *other* side's chunks: a word for each chunk of each pool, in
    /// the second half of the segment's head.
    static func returns(of chunk: Int, inPlace place: Int) -> LaneWord {
        LaneWord(offset: SegmentLayout.headLength / 2 + (place * LoanPoolLayout.maximumChunks + chunk) * MemoryLayout<UInt64>.stride)
    }
}

/// What a side says about a pool when it passes it: the payload of a `loanPool` frame.
struct LoanPoolAnnouncement: Equatable {
    /// Pools are numbered from 1 on, and no number comes again.
    let number: UInt32
    /// Which of ``LoanPoolLayout/maximumPools`` places its counters have.
    let place: UInt32
    let chunkSizeBits: UInt32
    let count: UInt32

    var layout: LoanPoolLayout? { LoanPoolLayout(chunkSizeBits: Int(chunkSizeBits), count: Int(count)) }

    init(number: UInt32, place: Int, layout: LoanPoolLayout) {
        self.number = number
        self.place = UInt32(place)
        chunkSizeBits = UInt32(layout.chunkSizeBits)
        count = UInt32(layout.count)
    }

    /// From the two words of the payload.
    init(words: (UInt64, UInt64)) {
        number = UInt32(truncatingIfNeeded: words.0)
        place = UInt32(truncatingIfNeeded: words.0 >> 32)
        chunkSizeBits = UInt32(truncatingIfNeeded: words.1)
        count = UInt32(truncatingIfNeeded: words.1 >> 32)
    }

    var words: (UInt64, UInt64) { (UInt64(number) | UInt64(place) << 32, UInt64(chunkSizeBits) | UInt64(count) << 32) }
}

/// Where a frame lies: the payload of a `loan` frame.
struct LoanDescription: Equatable {
    let pool: UInt32
    let chunk: UInt32
    /// Bytes of the frame in the chunk: header, payload and padding.
    let encodedLength: UInt64

    /// Of the frame, in the ring.
    static var header: UInt64 { NativeHeader.word(kind: .loan, payloadLength: 16) }
    /// Bytes of the frame: a header and two words.
    static var frameLength: Int { 3 * NativeHeader.length }

    init(pool: UInt32, chunk: Int, encodedLength: Int) {
        self.pool = pool
        self.chunk = UInt32(chunk)
        self.encodedLength = UInt64(encodedLength)
    }

    /// From the whole frame that `bytes` begin with.
    init(frame bytes: UnsafeRawBufferPointer) {
        let first = unsafe NativeHeader.word(0, ofPayloadIn: bytes)
        pool = UInt32(truncatingIfNeeded: first)
        chunk = UInt32(truncatingIfNeeded: first >> 32)
        encodedLength = unsafe NativeHeader.word(1, ofPayloadIn: bytes)
    }

    var words: (UInt64, UInt64) { (UInt64(pool) | UInt64(chunk) << 32, encodedLength) }
}
