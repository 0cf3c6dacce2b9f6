internal import Synchronization

/// This side's segment, kept for as long as somebody may write to it: the connection, and whoever has a lease.
@safe
final class SegmentOwner: @unchecked Sendable {
    // Each word of the segment has one writer at a time: the connection's thread, or the one lease of a chunk.

    let segment: SharedSegment
    /// Leases that the program has. The connection's thread adds to it, any thread takes off.
    let leaseCount = Atomic<Int>(0)

    init(_ segment: consuming SharedSegment) {
        // The peer has got its descriptor with the hello.
        segment.closeDescriptor()
        self.segment = segment
    }
}
