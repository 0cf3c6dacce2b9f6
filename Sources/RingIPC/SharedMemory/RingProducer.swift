/// The writing side of a ring, without the bytes: how far is written, how far that is visible, how much room there is.
///
/// Positions count bytes since the beginning and never wrap. The order is: what the peer released <= what is published <= what is written
/// < what the peer released + the ring.
@usableFromInline
struct RingProducer<Words: LaneWords> {
    @usableFromInline let words: Words
    @usableFromInline let size: UInt64
    /// Where the next frame begins.
    @usableFromInline var position: UInt64 = 0
    @usableFromInline var published: UInt64 = 0
    /// The reader's position when it was last looked at. Looking costs a cache line from the other core, so it is done only for want of room.
    @usableFromInline var released: UInt64 = 0
    /// Bytes of the last publication; 0 once a side that waits has made the next frame's place ready for it.
    @usableFromInline var lastLength: UInt64 = 0
    /// Where a word is known to be zero: none that is in use at the beginning.
    @usableFromInline var zeroed: UInt64 = 0

    @inlinable
    init(words: Words, size: Int) {
        self.words = words
        self.size = UInt64(size)
    }

    /// Bytes that can be written now. A word more is free: the zero behind what is published.
    @inlinable
    var room: Int { Int(truncatingIfNeeded: size &- (position &- released)) &- NativeHeader.length }

    /// Whether `count` bytes can be written, looking at the reader's position if they could not before.
    @inlinable
    mutating func hasRoom(for count: Int) throws(TransportError) -> Bool {
        if count <= room { return true }
        try refresh()
        return count <= room
    }

    /// Inlinable, or a user's module could not specialize it: the words would be reached through tables at run time.
    @inlinable
    @inline(never)
    mutating func refresh() throws(TransportError) {
        // Pair ROOM: acquires what `RingConsumer.publish` released. The reader has read what will be overwritten.
        let seen = words.loadAcquire(.readPosition)
        // One comparison: below `released` the difference wraps to a huge number.
        guard seen &- released <= published &- released, seen & 7 == 0 else {
            throw positionLie("read", seen, from: released, to: published, during: .send)
        }
        released = seen
    }

    /// Whether the reader has given back everything that was published.
    @inlinable
    mutating func isAllRead() throws(TransportError) -> Bool {
        try refresh()
        return released == published
    }

    /// `count` bytes, a multiple of 8 and not more than ``room``, were written at ``position``.
    @inlinable
    mutating func advance(_ count: Int) { position &+= UInt64(truncatingIfNeeded: count) }

    /// Makes everything written visible to the reader.
    ///
    /// A reader that spins looks at the head of the frame that comes next, which is in the cache line of the frame itself: it takes a short frame in
    /// the time of one line from the other core, and not of two. So the head of the first unpublished frame is 0 or a draft until it is made valid
    /// here. The position is for a reader that sleeps, is late, or wants all of a publication.
    ///
    /// - Returns: whether the reader sleeps and has to be rung.
    @inlinable
    mutating func publish(through doorbell: inout Doorbell<Words>) -> Bool {
        guard position != published else { return false }
        let head = LaneWord.head(at: published, inRingOf: size)
        // The frame after these is not there: whatever lies in its place is of another lap.
        if zeroed != position { words.storeRelaxed(0, to: .head(at: position, inRingOf: size)) }
        // Pair HEAD: releases the bytes of the frames, and the zero behind them, to `RingConsumer.hasFrame`.
        words.storeRelease(words.loadOwn(head) & ~NativeHeader.anyDraft.littleEndian, to: head)
        return followHead(through: &doorbell)
    }

    /// The head at ``published`` is no draft any more: one that is written when its frame is whole never was. Everything else of a publication.
    @inlinable
    @inline(__always)
    mutating func followHead(through doorbell: inout Doorbell<Words>) -> Bool {
        // Pair DATA: releases the bytes of the frames to `RingConsumer.refresh`.
        words.storeRelease(position, to: .writePosition)
        lastLength = position &- published
        published = position
        let mustRing = doorbell.mustRing(for: .data)
        prepareHead(at: position &+ lastLength)
        return mustRing
    }

    /// What the head of the next frame has besides.
    @inlinable
    var draft: UInt64 { position == published ? NativeHeader.draft : 0 }

    /// What was written since the last publication is written over. It may lie where a word was zero.
    mutating func discard() { zeroed = 0 }

    /// Zeroes the place behind the next frame, if that is as long as what was published last: then its publication need not wait for that cache line.
    @inlinable
    mutating func prepareHead(at next: UInt64) {
        guard next &- released < size else { return }
        words.storeRelaxed(0, to: .head(at: next, inRingOf: size))
        zeroed = next
    }
}

/// What the peer wrote where its position belongs is none that it can have.
@usableFromInline
@inline(never)
func positionLie(
    _ name: StaticString, _ seen: UInt64, from least: UInt64, to most: UInt64, during operation: TransportError.Operation
) -> TransportError {
    TransportError(
        .invalidSharedMemory, during: operation,
        detail: "the peer's \(name) position is \(seen); it must be a multiple of 8 from \(least) to \(most). The peer is broken or "
            + "hostile")
}
