/// The reading side of a ring, without the bytes: how far the peer has published, how far that is read, how far it was given back.
///
/// Positions count bytes since the beginning and never wrap. The order is: what is given back <= what is read <= what the peer published
/// <= what is given back + the ring.
@usableFromInline
struct RingConsumer<Words: LaneWords> {
    @usableFromInline let words: Words
    @usableFromInline let size: UInt64
    /// Where the next frame begins.
    @usableFromInline var position: UInt64 = 0
    @usableFromInline var published: UInt64 = 0
    /// How far the writer has published, as far as is known: from its position, or from the head of a frame.
    @usableFromInline var written: UInt64 = 0
    /// The writer's position when it was last looked at. It may be behind what heads have told.
    @usableFromInline var seen: UInt64 = 0

    @inlinable
    init(words: Words, size: Int) {
        self.words = words
        self.size = UInt64(size)
    }

    /// Bytes that can be read now.
    @inlinable
    var count: Int { Int(truncatingIfNeeded: written &- position) }

    /// Whether there is something to read, looking at the writer's position if there was nothing before.
    @inlinable
    mutating func hasBytes() throws(TransportError) -> Bool {
        if written != position { return true }
        try refresh()
        return written != position
    }

    /// Looks at the writer's position.
    @inlinable
    @inline(never)
    mutating func refresh() throws(TransportError) {
        // Pair DATA: acquires what `RingProducer.publish` released. The bytes up to the position are there.
        let now = words.loadAcquire(.writePosition)
        if now == seen { return }
        // One comparison: below `seen` the difference wraps to a huge number.
        guard now &- seen <= published &+ size &- seen, now & 7 == 0 else {
            throw positionLie("write", now, from: seen, to: published &+ size, during: .receive)
        }
        seen = now
        // The heads may have told of more.
        written = max(written, now)
    }

    /// Whether there is something to read, by the head of the next frame if there was nothing before: for a reader that spins. An empty frame has a
    /// head that says nothing.
    ///
    /// A head that is none of an honest writer is left to ``hasBytes()``, and to whoever reads the frame.
    @inlinable
    @inline(__always)
    mutating func hasFrame() -> Bool {
        if written != position { return true }
        note(frameOf: lengthByHead)
        return written != position
    }

    /// Bytes of the frame at ``position``, by its head; 0 while that says nothing.
    @inlinable
    @inline(__always)
    var lengthByHead: UInt64 {
        // Pair HEAD: acquires what `RingProducer.publish` or `Outbound.publishFrame` released. The frame is there, and what lies behind it is zero, a
        // draft or a frame.
        let head = UInt64(littleEndian: words.loadAcquire(.head(at: position, inRingOf: size)))
        guard head != 0, head < NativeHeader.draft else { return 0 }
        let length = UInt64(NativeHeader.encodedLength(ofPayload: Int(UInt32(truncatingIfNeeded: head))))
        return length <= size &- (position &- published) ? length : 0
    }

    /// The head of the next frame has told of so many bytes.
    @inlinable
    @inline(__always)
    mutating func note(frameOf length: UInt64) { written = position &+ length }

    /// `count` bytes, not more than ``count``, are not needed any more. The writer is told once for each eighth of the ring, so that the cache
    /// line of the position does not travel for each frame. A writer that waits for room gets it nevertheless: no frame needs more than
    /// seven eighths.
    ///
    /// - Returns: whether the writer sleeps and has to be rung.
    @inlinable
    mutating func release(_ count: Int, through doorbell: inout Doorbell<Words>) -> Bool {
        position &+= UInt64(truncatingIfNeeded: count)
        guard position &- published >= size >> 3 else { return false }
        return publish(through: &doorbell)
    }

    /// Gives back everything that was read. Before a sleep: the writer could wait for what this side keeps, and this side for what the writer
    /// cannot write.
    ///
    /// - Returns: whether the writer sleeps and has to be rung.
    @inlinable
    mutating func publish(through doorbell: inout Doorbell<Words>) -> Bool {
        guard position != published else { return false }
        published = position
        // Pair ROOM: the reads up to here are done before `RingProducer.refresh` lets their place be overwritten.
        words.storeRelease(position, to: .readPosition)
        return doorbell.mustRing(for: .room)
    }

    /// Gives back everything that was read, for the last time. The end of the socket wakes whoever waits for it.
    @inlinable
    func leave() { words.storeRelease(position, to: .readPosition) }  // pair ROOM
}
