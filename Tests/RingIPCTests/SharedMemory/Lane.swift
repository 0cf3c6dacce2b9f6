@testable import RingIPC

/// Both sides of a lane in this process, over one mapping of each segment: so ThreadSanitizer sees that both use the same memory.
final class Lane: @unchecked Sendable {
    private let segments: [SegmentBox]
    let ringSize: Int

    init(ringSize: Int) throws {
        segments = [try SegmentBox(ringSize), try SegmentBox(ringSize)]
        self.ringSize = ringSize
    }

    /// Side 0 or 1. It lives no longer than the lane.
    func side(_ index: Int, maximumFrameLength: Int = 1 << 20) -> LaneSide {
        let (own, peer) = (segments[index], segments[1 - index])
        return unsafe LaneSide(
            words: MappedWords(own: own.segment.base, peer: UnsafeRawPointer(peer.segment.base)), layout: own.segment.layout,
            maximumFrameLength: maximumFrameLength)
    }

    /// The memory that a side writes, for a peer that lies.
    func memory(of index: Int) -> UnsafeMutableRawBufferPointer {
        let segment = segments[index]
        return unsafe UnsafeMutableRawBufferPointer(start: segment.segment.base, count: segment.segment.layout.mappedSize)
    }

    final class SegmentBox {
        let segment: SharedSegment
        init(_ ringSize: Int) throws { segment = try SharedSegment(ringSize: ringSize) }
    }
}

/// One side, put together as a connection does it.
struct LaneSide {
    var writer: SharedRingWriter
    var reader: SharedRingReader
    var sleeper: Sleeper<MappedWords>
    var doorbell: Doorbell<MappedWords>
    var ringCount = 0

    init(words: MappedWords, layout: SegmentLayout, maximumFrameLength: Int) {
        writer = SharedRingWriter(words: words, layout: layout)
        reader = SharedRingReader(words: words, layout: layout, maximumFrameLength: maximumFrameLength)
        sleeper = Sleeper(words: words)
        doorbell = Doorbell(words: words)
    }

    mutating func send(_ payload: [UInt8]) throws(TransportError) -> Bool {
        unsafe try writer.write(payload.span.bytes)
    }

    mutating func publish(ring: () -> Void = {}) { if writer.producer.publish(through: &doorbell) { ring() } }

    mutating func giveBackAll(ring: () -> Void = {}) { if reader.consumer.publish(through: &doorbell) { ring() } }

    /// Takes up to `most` frames of what is there; `nil` when nothing is.
    mutating func receive(
        most: Int = .max, ring: () -> Void = {}, _ take: (borrowing FrameView) -> Void
    ) throws(TransportError) -> Int? {
        guard try reader.consumer.hasBytes() else { return nil }
        return try takeFrames(most: most, ring: ring, take)
    }

    /// The frame whose head says that it is there, if everything before it was read.
    mutating func receiveByHead() throws(TransportError) -> [[UInt8]] {
        guard reader.consumer.count == 0, reader.consumer.hasFrame() else { return [] }
        var frames: [[UInt8]] = []
        _ = try takeFrames(most: .max, ring: {}) { frames.append(array($0.bytes)) }
        return frames
    }

    private mutating func takeFrames(
        most: Int, ring: () -> Void, _ take: (borrowing FrameView) -> Void
    ) throws(TransportError) -> Int {
        var (count, consumed) = (0, 0)
        do {
            var batch = reader.frames()
            while count < most, let frame = try batch.next() {
                take(frame)
                count += 1
            }
            consumed = batch.consumedCount
            if count < most { try SharedRingReader.requireFrame(in: &batch) }
        }
        if reader.consumer.release(consumed, through: &doorbell) { ring() }
        return count
    }

    mutating func receiveAll(most: Int = .max) throws(TransportError) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        _ = try receive(most: most) { frames.append(array($0.bytes)) }
        return frames
    }
}
