@testable import RingIPC

/// Writes frames into this side's ring, in the native format: what a connection does, without its socket. One thread uses it.
@safe
struct SharedRingWriter {
    /// The ring, mapped twice in a row, so that a frame is never split.
    let ring: UnsafeMutableRawPointer
    let encoder = FrameEncoder(format: .native)
    var producer: RingProducer<MappedWords>

    /// - Parameters:
    ///   - words: of this side; its own segment holds the ring.
    ///   - layout: of its own segment, which stays mapped as long as this is used.
    init(words: MappedWords, layout: SegmentLayout) {
        unsafe ring = unsafe words.own + SegmentLayout.headLength
        producer = RingProducer(words: words, size: layout.ringSize)
    }

    /// Bytes of the longest frame, header and padding included: seven eighths of the ring. The reader may keep an eighth back.
    var largestFrame: Int { Int(truncatingIfNeeded: producer.size &- producer.size >> 3) }

    /// Writes a frame with a copy of `bytes`. Nobody sees it before it is published.
    ///
    /// - Returns: `false`, and nothing was written, while there is no room.
    /// - Throws: ``TransportError``: `frameTooLong` when it would never fit; `invalidSharedMemory` when the peer lies.
    mutating func write(_ bytes: RawSpan) throws(TransportError) -> Bool {
        let count = bytes.byteCount
        guard let frame = unsafe try reserve(count) else { return false }
        unsafe bytes.withUnsafeBytes { source in
            if let address = source.baseAddress {
                unsafe (frame + NativeHeader.length).copyMemory(from: address, byteCount: count)
            }
        }
        producer.advance(encoder.encodedLength(ofPayload: count))
        return true
    }

    /// Writes a frame whose payload of `count` bytes `fill` produces in the ring itself. Bytes that it leaves alone have an arbitrary value.
    ///
    /// - Returns: `false`, and `fill` was not called, while there is no room.
    /// - Throws: ``TransportError`` as ``write(_:)``.
    mutating func write(reserving count: Int, _ fill: (inout MutableRawSpan) -> Void) throws(TransportError) -> Bool {
        precondition(count >= 0, "a frame cannot have a negative length")
        guard let frame = unsafe try reserve(count) else { return false }
        var payload = unsafe MutableRawSpan(_unsafeStart: frame + NativeHeader.length, byteCount: count)
        fill(&payload)
        producer.advance(encoder.encodedLength(ofPayload: count))
        return true
    }

    /// The memory of a frame with its header and padding written; `nil` while there is no room.
    mutating func reserve(_ count: Int) throws(TransportError) -> UnsafeMutableRawPointer? {
        // Compared before it is rounded up: the sum cannot overflow then.
        guard count <= largestFrame &- NativeHeader.length else { throw tooLong(count) }
        guard try producer.hasRoom(for: encoder.encodedLength(ofPayload: count)) else { return nil }
        let frame = unsafe ring + Int(truncatingIfNeeded: producer.position & (producer.size &- 1))
        unsafe encoder.writeFrame(around: count, headerBits: producer.draft, to: frame)
        return unsafe frame
    }
    func tooLong(_ count: Int) -> TransportError {
        TransportError(
            .frameTooLong, during: .send,
            detail: "a frame has \(count) bytes, the shared ring takes \(largestFrame - NativeHeader.length); cut the message, or make "
                + "the ring larger")
    }
}
