@testable import RingIPC

/// Reads frames in place from the other side's ring, by itself: what a connection does, without its socket. One thread uses it.
///
/// The peer can change the bytes at any time. A header is loaded once and then checked, so that no frame reaches beyond what was published
/// when the batch was made; payloads are as they are when they are read.
@safe
struct SharedRingReader {
    /// The ring, mapped twice in a row, so that a frame is never split.
    let ring: UnsafeRawPointer
    let parser: FrameParser
    var consumer: RingConsumer<MappedWords>

    /// - Parameters:
    ///   - words: of this side; the peer's segment holds the ring.
    ///   - layout: of the peer's segment, which stays mapped as long as this is used.
    ///   - maximumFrameLength: the longest payload in bytes that is not an error.
    init(words: MappedWords, layout: SegmentLayout, maximumFrameLength: Int) {
        unsafe ring = unsafe words.peer + SegmentLayout.headLength
        parser = FrameParser(format: .native, maximumFrameLength: maximumFrameLength)
        consumer = RingConsumer(words: words, size: layout.ringSize)
    }

    /// What was published and not yet released, as far as ``RingConsumer/hasBytes()`` has looked.
    var readable: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(
            start: ring + Int(truncatingIfNeeded: consumer.position & (consumer.size &- 1)), count: consumer.count)
    }

    /// The frames of ``readable``. Their memory is the peer's again when it is released.
    @_lifetime(borrow self)
    func frames() -> FrameBatch {
        let batch = unsafe FrameBatch(parser: parser, memory: readable)
        return unsafe _overrideLifetime(batch, borrowing: self)
    }

    /// To be asked when a batch has no further frame although bytes are left: honest peers publish whole frames.
    ///
    /// - Throws: ``TransportError``: `malformedFrame` unless a frame is left; what ``FrameBatch/next()`` throws.
    static func requireFrame(in batch: inout FrameBatch) throws(TransportError) {
        if try batch.beginsWithFrame() || batch.remainingCount == 0 { return }
        throw TransportError(
            .malformedFrame, during: .receive,
            detail: "the peer has published \(batch.remainingCount) bytes of a frame that is longer; it is broken or hostile")
    }
}
