// How a frame gets into the queue. The short way is inlined into the caller: a comparison, a header, a cursor that moves. Everything else is behind
// calls, which get the caller's closure as a function: the code of a payload is there once, and has the registers for itself.

public import Synchronization

extension Outbound {
    /// A frame whose header is written at the cursor.
    @unsafe
    @usableFromInline
    struct OpenFrame {
        @usableFromInline let payload: UnsafeMutableRawPointer
        @usableFromInline let end: UnsafeMutableRawPointer

        @inlinable
        init(payload: UnsafeMutableRawPointer, end: UnsafeMutableRawPointer) {
            unsafe self.payload = unsafe payload
            unsafe self.end = unsafe end
        }
    }

    /// The frame of a payload of `count` bytes; `nil` where that is not as simple as this.
    @inlinable
    @inline(__always)
    mutating func openFrame(_ count: Int) -> OpenFrame? {
        let start = unsafe cursor
        if UInt(bitPattern: count) < nativeBound {
            let encodedLength = NativeHeader.encodedLength(ofPayload: count)
            guard unsafe encodedLength <= roomEnd - start else { return nil }
            unsafe FrameEncoder.writeNative(around: count, headerBits: draft, to: start)
            return unsafe OpenFrame(payload: start + NativeHeader.length, end: start + encodedLength)
        }
        guard UInt(bitPattern: count) < prefixedBound, unsafe 4 &+ count <= roomEnd - start else { return nil }
        unsafe encoder.writePrefix(count, to: start)
        return unsafe OpenFrame(payload: start + 4, end: start + 4 + count)
    }

    /// Queues a frame where that is so simple. `false`, and `write` was not called, where it is not.
    @inlinable
    @inline(__always)
    mutating func sendInPlace(_ count: Int, _ write: (inout MutableRawSpan) -> Void) -> Bool {
        guard let frame = unsafe openFrame(count) else { return false }
        var payload = unsafe MutableRawSpan(_unsafeStart: frame.payload, byteCount: count)
        write(&payload)
        unsafe closeFrame(frame, count)
        return true
    }

    /// The payload, of `count` bytes, is written into a frame of ``openFrame(_:)``.
    @inlinable
    @inline(__always)
    mutating func closeFrame(_ frame: OpenFrame, _ count: Int) {
        guard draft & NativeHeader.singleDraft != 0 else { return unsafe closeFrame(frame) }
        unsafe publishFrame(frame, header: UInt64(truncatingIfNeeded: count))
    }

    /// The reader waits for this very frame, and takes its first cache line back as soon as it can. Before the header is there that only costs
    /// both sides the way of the line, so it comes directly behind the payload: each store between the two would prolong that time.
    @inlinable
    @inline(__always)
    mutating func publishFrame(_ frame: OpenFrame, header: UInt64) {
        // The frame after this is not there: whatever lies in its place is of another lap.
        unsafe Self.word(at: frame.end).pointee.store(0, ordering: .relaxed)
        // Pair HEAD: releases the bytes of the frame, and the zero behind it, to `RingConsumer.hasFrame`.
        unsafe Self.word(at: frame.payload - NativeHeader.length).pointee.store(header.littleEndian, ordering: .releasing)
        unsafe followPublishedFrame(to: frame.end)
    }

    @inlinable
    @inline(__always)
    static func word(at place: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
        unsafe place.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    @inlinable
    @inline(__always)
    mutating func closeFrame(_ frame: OpenFrame) {
        unsafe cursor = unsafe frame.end
        draft = 0
        framesSent &+= 1
    }

    /// Whether so much is queued that a blocking connection sends it.
    @inlinable
    var isAtThreshold: Bool {
        @inline(__always) get { unsafe cursor >= flushMark }
    }
}

// MARK: The long way

extension Outbound {
    mutating func setBounds() {
        let bound = UInt(max(0, min(maximumFrameLength, loanThreshold - 1, directThreshold - 1) + 1))
        nativeBound = encoder.form == .native ? bound : 0
        prefixedBound = encoder.form.headerLength == 4 ? bound : 0
    }

    /// A frame that does not fit the tail chunk: it is cut over as many chunks as it needs, since the wire is a stream of bytes.
    @usableFromInline
    @inline(never)
    mutating func sendInPieces(_ bytes: RawSpan) throws(TransportError) {
        if try sendByLoan(bytes) { return }
        try admit(bytes.byteCount)
        let encodedLength = encoder.encodedLength(ofPayload: bytes.byteCount)
        let padding = encoder.paddingLength(ofPayload: bytes.byteCount)
        // The header goes in one piece. So does a whole small frame: a cut one costs its receiver a copy.
        try makeRoom(
            forFrame: encodedLength, inChunk: encodedLength <= OutboundChunkPool.chunkCapacity ? encodedLength : encoder.headerLength)
        if encodedLength <= room {
            let frame = unsafe openedFrame(bytes.byteCount)
            unsafe bytes.withUnsafeBytes { unsafe copyIn($0, at: frame.payload) }
            return unsafe closeFrame(frame)
        }
        writeHeaderAlone(payloadLength: bytes.byteCount)
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
        for _ in 0..<padding { appendZero() }
        framesSent &+= 1
    }

    /// A frame that does not fit the tail chunk, or is none that inlined code can write.
    @usableFromInline
    @inline(never)
    mutating func sendElsewhere(reserving count: Int, _ write: (inout MutableRawSpan) -> Void) throws(TransportError) {
        if try !sendByLoan(count, write) { try sendQueued(reserving: count, write) }
    }

    /// The same, but never by loan.
    mutating func sendQueued(reserving count: Int, _ write: (inout MutableRawSpan) -> Void) throws(TransportError) {
        precondition(count >= 0, "a frame cannot have a negative length")
        let frame = unsafe try reserve(count)
        var payload = unsafe MutableRawSpan(_unsafeStart: frame.payload, byteCount: count)
        write(&payload)
        unsafe closeFrame(frame)
    }

    /// Makes the tail chunk have room for a whole frame in one piece, with its header.
    private mutating func reserve(_ count: Int) throws(TransportError) -> OpenFrame {
        try admit(count)
        let encodedLength = encoder.encodedLength(ofPayload: count)
        try makeRoom(forFrame: encodedLength, inChunk: encodedLength)
        return unsafe openedFrame(count)
    }

    /// A frame in whatever form, where there is room for it.
    private mutating func openedFrame(_ count: Int) -> OpenFrame {
        unsafe encoder.writeFrame(around: count, headerBits: draft, to: cursor)
        return unsafe OpenFrame(payload: cursor + encoder.headerLength, end: cursor + encoder.encodedLength(ofPayload: count))
    }

    /// Refuses a frame before anything of it is queued.
    mutating func admit(_ count: Int) throws(TransportError) {
        try requireSendable(count)
        try requireQueueRoom(encoder.encodedLength(ofPayload: count))
    }

    /// Refuses what the queue has no room for now. Mutating, or the compiler copies the queue to look at it.
    @inline(__always)
    mutating func requireQueueRoom(_ encodedLength: Int) throws(TransportError) {
        guard encodedLength <= availableBytes else { throw outboundFull(encodedLength) }
    }

    @inline(never)
    private mutating func outboundFull(_ encodedLength: Int) -> TransportError {
        let remedy = encodedLength > limit ? "cut the message, or raise outboundLimit" : "wait until the peer has read"
        return TransportError(
            .outboundFull, during: .send,
            detail: "\(queuedBytes) of \(limit) bytes are queued, no room for \(encodedLength); \(remedy)")
    }

    /// Refuses a frame that can never be sent, whatever room there is.
    @inline(__always)
    mutating func requireSendable(_ count: Int) throws(TransportError) {
        guard !isClosed, !closeRequested else {
            throw TransportError(.closed, during: .send, detail: "the connection was closed on this side")
        }
        guard count <= maximumFrameLength else {
            let isWidest = maximumFrameLength == longestPayload
            let remedy = isWidest ? "choose a format with a longer length" : "raise maximumFrameLength at both ends"
            throw TransportError(
                .frameTooLong, during: .send,
                detail: "a frame has \(count) bytes, the limit is \(maximumFrameLength); cut the message, or \(remedy)")
        }
    }

    /// Writes only the header, for a payload that follows in pieces.
    mutating func writeHeaderAlone(payloadLength: Int) {
        unsafe encoder.writeHeader(payloadLength: payloadLength, to: cursor)
        unsafe cursor += encoder.headerLength
    }

    private func copyIn(_ source: UnsafeRawBufferPointer, at destination: UnsafeMutableRawPointer) {
        guard let address = source.baseAddress else { return }
        unsafe destination.copyMemory(from: address, byteCount: source.count)
    }

    /// Appends raw bytes, over as many chunks as they need.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            if room == 0 { makeRoom(1) }
            let count = min(room, rest.count)
            unsafe copyIn(rest.keeping(count), at: cursor)
            unsafe cursor += count
            unsafe rest = unsafe rest.dropping(count)
        }
    }

    private mutating func appendZero() {
        if room == 0 { makeRoom(1) }
        unsafe cursor.storeBytes(of: 0, as: UInt8.self)
        unsafe cursor += 1
    }
}
