/// Where everything lies in a segment: words that each have cache lines of their own, and behind them the ring.
/// `Docs/SharedMemory.md` gives it byte by byte.
@usableFromInline
struct SegmentLayout: Hashable, Sendable {
    /// Bytes in front of the ring. More than the words need, so that the ring begins at a page whatever the size of pages; untouched pages
    /// take no memory.
    @usableFromInline static let headLength = 65_536
    static let smallestRing = 4_096
    static let largestRing = 1 << 30

    /// Bytes of the ring: a power of two.
    let ringSize: Int
    var fileSize: Int { Self.headLength + ringSize }
    /// Bytes of address space: the ring is mapped twice in a row.
    var mappedSize: Int { Self.headLength + 2 * ringSize }

    /// `nil` for a size that no ring can have.
    init?(ringSize: Int) {
        guard ringSize >= Self.smallestRing, ringSize <= Self.largestRing, ringSize & (ringSize - 1) == 0 else { return nil }
        self.ringSize = ringSize
    }

    /// `nil` when no segment has a file of that size.
    init?(fileSize: Int64) {
        // The difference of two numbers that are both at least 0.
        guard fileSize >= 0 else { return nil }
        self.init(ringSize: Int(fileSize) - Self.headLength)
    }
}

/// The words of a segment. All are written by the segment's owner only.
@usableFromInline
struct LaneWord: Hashable, Sendable {
    /// Bytes from the beginning of the segment.
    @usableFromInline let offset: Int

    @inlinable
    init(offset: Int) { self.offset = offset }

    // 128 bytes apart: processors fetch cache lines of 64 bytes in pairs.

    /// Bytes that the owner has published in its ring, since the beginning.
    @inlinable static var writePosition: LaneWord { LaneWord(offset: 0) }
    /// Bytes that the owner has read of the other side's ring and given back, since the beginning.
    @inlinable static var readPosition: LaneWord { LaneWord(offset: 128) }
    /// Whether the owner sleeps, and what for; see ``Sleeper``.
    @inlinable static var sleeping: LaneWord { LaneWord(offset: 256) }
    /// 1 when the owner never sleeps, written before the segment is passed; else 0.
    @inlinable static var neverSleeps: LaneWord { LaneWord(offset: 384) }

    /// The header of the frame that begins at a position of the owner's ring, if one does.
    @inlinable
    @inline(__always)
    static func head(at position: UInt64, inRingOf size: UInt64) -> LaneWord {
        LaneWord(offset: SegmentLayout.headLength &+ Int(truncatingIfNeeded: position & (size &- 1)))
    }
}
