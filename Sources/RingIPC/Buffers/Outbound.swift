internal import CRingIPC

/// The outbound side of a connection: frames are encoded once, into memory that the kernel then sends from.
///
/// In a handler, frames leave at the end of the loop's turn, or as soon as ``CoalescingPolicy/thresholdBytes`` are queued; ask
/// for less delay with ``flush()``. An `Outbound` belongs to the thread of its connection.
@safe
public struct Outbound: ~Copyable {
    /// Where the next frame goes: inside the tail chunk. Only meaningful while `room` is above zero.
    @usableFromInline var cursor: UnsafeMutableRawPointer
    /// Bytes that may be written at `cursor`: the tail chunk's rest, cut at the queue's limit.
    @usableFromInline var room = 0
    /// The smaller of both sides' frame limits; negative once nothing can be queued any more, not even a frame that needs no room.
    var maximumFrameLength: Int { didSet { setInlinedLimit() } }
    /// The longest payload that code inlined into the caller queues; negative where none is.
    @usableFromInline private(set) var inlinedLimit: Int
    /// Payloads from this length on travel by loan, where there is one.
    var loanThreshold = Int.max { didSet { setInlinedLimit() } }
    /// What the format can carry, under any limit.
    private let longestPayload: Int
    @usableFromInline let encoder: FrameEncoder
    @usableFromInline var framesSent: UInt64 = 0

    private let pool: OutboundChunkPool
    private let limit: Int
    private var head: UnsafeMutablePointer<OutboundChunk>?
    private var tail: UnsafeMutablePointer<OutboundChunk>?
    /// Bytes in closed chunks plus written bytes of the tail at the last settlement, less what was sent.
    private var settledBytes = 0
    /// `cursor` at the last settlement.
    var settledCursor: UnsafeMutableRawPointer
    /// The connection's shared memory; `nil` without. It lives as long as this.
    var lane: UnsafeMutablePointer<SharedLane>?
    /// How far the two sides have come with it.
    var laneState = LaneState.notOffered
    /// Room in the ring that the next frame, or piece of one, waits for.
    var wantedRoom = 0
    /// `cursor` is in the ring of shared memory, and no frame waits in a chunk.
    var isInRing = false
    /// Bytes of the frame at the front of the chunks that are still to be moved into the ring, once a part of it was.
    var unmovedLength = 0

    /// Who this is, for ``LoopContext/send(to:_:)`` from elsewhere.
    public let connection: ConnectionID
    var flushRequested = false
    var closeRequested = false
    var writableRequested = false
    var pauseRequested = false
    /// Set once the sending direction is over: nothing can be queued any more.
    var isClosed = false

    init(configuration: Configuration, pool: OutboundChunkPool, connection: ConnectionID) {
        encoder = FrameEncoder(format: configuration.format)
        maximumFrameLength = configuration.longestPayload
        inlinedLimit = encoder.form.isUsual ? maximumFrameLength : -1
        longestPayload = configuration.format.longestPayload
        limit = configuration.outboundLimit
        self.pool = pool
        self.connection = connection
        unsafe cursor = UnsafeMutableRawPointer(bitPattern: 8)!
        unsafe settledCursor = unsafe cursor
    }

    deinit {
        var chunk = unsafe head
        while let current = unsafe chunk {
            unsafe chunk = unsafe current.pointee.next
            unsafe pool.giveBack(current)
        }
        unsafe Self.free(lane)
    }

    private mutating func setInlinedLimit() {
        inlinedLimit = encoder.form.isUsual ? min(maximumFrameLength, loanThreshold - 1) : -1
    }

    static func free(_ lane: UnsafeMutablePointer<SharedLane>?) {
        unsafe lane?.deinitialize(count: 1)
        unsafe lane?.deallocate()
    }
}

// MARK: Sending

extension Outbound {
    /// Queues a frame with a copy of `bytes`.
    ///
    /// - Throws: ``TransportError``, and then nothing was queued: `frameTooLong`, `outboundFull` when the queue has no room until
    ///   the peer has read more, `closed` after ``close()``, and once the peer takes nothing any more.
    @inlinable
    public mutating func send(_ bytes: RawSpan) throws(TransportError) {
        let count = bytes.byteCount
        let encodedLength = encoder.encodedLength(ofPayload: count)
        guard count <= inlinedLimit, encodedLength <= room else { return try sendInPieces(bytes) }
        unsafe encoder.writeFrame(around: count, to: cursor)
        let payload = unsafe cursor + encoder.headerLength
        unsafe bytes.withUnsafeBytes { source in
            if let address = source.baseAddress { unsafe payload.copyMemory(from: address, byteCount: count) }
        }
        advance(encodedLength)
    }

    /// Queues a frame whose payload of `count` bytes is produced in place: `write` gets the memory that the kernel will send.
    ///
    /// Bytes that `write` leaves alone have an arbitrary value, so it writes all of them.
    /// - Parameters:
    ///   - count: bytes of payload; a negative number is a programming error and traps.
    ///   - write: called once, before this returns. The memory cannot be kept.
    /// - Throws: as ``send(_:)``, before `write` is called.
    @inlinable
    public mutating func send(reserving count: Int, _ write: (inout MutableRawSpan) -> Void) throws(TransportError) {
        precondition(count >= 0, "a frame cannot have a negative length")
        if count > inlinedLimit || encoder.encodedLength(ofPayload: count) > room {
            if var loan = try loanForLongPayload(count) {
                var payload = loan.mutableBytes
                write(&payload)
                return try send(loan)
            }
            try reserve(count)
        }
        unsafe encoder.writeFrame(around: count, to: cursor)
        var payload = unsafe MutableRawSpan(_unsafeStart: cursor + encoder.headerLength, byteCount: count)
        write(&payload)
        advance(encoder.encodedLength(ofPayload: count))
    }

    /// Queues Qt's null array, which differs from an empty one. Only the `qByteArray` format can say it.
    ///
    /// - Throws: ``TransportError``: `invalidConfiguration` in any other format; `outboundFull` and `closed` as ``send(_:)``.
    public mutating func sendNull() throws(TransportError) {
        guard encoder.form == .qByteArray else {
            throw TransportError(
                .invalidConfiguration, during: .send, detail: "only the qByteArray format has null; send an empty frame instead")
        }
        try admit(0)
        makeRoom(4)
        unsafe cursor.storeBytes(of: QByteArrayLength.null, as: UInt32.self)
        advance(4)
    }

    @inlinable
    mutating func advance(_ encodedLength: Int) {
        unsafe cursor += encodedLength
        room &-= encodedLength
        framesSent &+= 1
    }

    /// Asks the loop to send when the handler returns, instead of at the end of the turn. No effect on a blocking connection: use
    /// ``Connection/flush(within:)``.
    public mutating func flush() { flushRequested = true }

    /// Ends the connection in order: what is queued is delivered first, then the goodbye. Nothing can be sent afterwards.
    ///
    /// For handlers. In the closure of a blocking receive it only refuses further frames: the end is told by ``Connection/close()`` or
    /// ``Connection/finishSending()``.
    public mutating func close() {
        closeRequested = true
        settle()
        room = 0
        maximumFrameLength = -1
    }

    /// Asks for one call of ``ConnectionHandler/writable(_:)`` when the kernel has taken everything that is queued. For handlers.
    public mutating func notifyWhenWritable() { writableRequested = true }

    /// Takes no more input from the peer until ``LoopContext/resumeReceiving(_:)``: what it sends stays with the kernel, so that it feels it.
    /// What had arrived by then, frames that the handler leaves in its batch among it, is delivered afterwards. For handlers.
    ///
    /// The end of the stream is told when everything before it was delivered. Until then a peer that is gone is noticed by sending only.
    public mutating func pauseReceiving() { pauseRequested = true }

    /// Encoded bytes that wait to be taken by the kernel.
    public var queuedBytes: Int { unsafe settledBytes + (cursor - settledCursor) }
    /// Encoded bytes that may still be queued: ``Configuration/outboundLimit`` less ``queuedBytes``. A frame takes
    /// ``FrameFormat/encodedLength(ofPayload:)`` of them.
    public var availableBytes: Int { max(0, limit - queuedBytes) }
}

// MARK: Finding room

extension Outbound {
    /// A frame that does not fit the tail chunk: it is cut over as many chunks as it needs, since the wire is a stream of bytes.
    @usableFromInline
    @inline(never)
    mutating func sendInPieces(_ bytes: RawSpan) throws(TransportError) {
        if bytes.byteCount >= loanThreshold, try sendByLoan(bytes) { return }
        try admit(bytes.byteCount)
        let encodedLength = encoder.encodedLength(ofPayload: bytes.byteCount)
        let padding = encoder.paddingLength(ofPayload: bytes.byteCount)
        // The header goes in one piece. So does a whole small frame: a cut one costs its receiver a copy.
        try makeRoom(forFrame: encodedLength, inChunk: encodedLength <= OutboundChunkPool.chunkCapacity ? encodedLength : encoder.headerLength)
        if encodedLength <= room {
            unsafe encoder.writeHeader(payloadLength: bytes.byteCount, to: cursor)
            unsafe encoder.writeFrame(around: bytes.byteCount, to: cursor)
            unsafe bytes.withUnsafeBytes { unsafe copyIn($0, at: encoder.headerLength) }
            return advance(encodedLength)
        }
        writeHeaderAlone(payloadLength: bytes.byteCount)
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
        for _ in 0..<padding { appendZero() }
        framesSent &+= 1
    }

    /// Makes the tail chunk have room for a whole frame in one piece, with its header.
    @usableFromInline
    @inline(never)
    mutating func reserve(_ count: Int) throws(TransportError) {
        try admit(count)
        let encodedLength = encoder.encodedLength(ofPayload: count)
        try makeRoom(forFrame: encodedLength, inChunk: encodedLength)
        unsafe encoder.writeHeader(payloadLength: count, to: cursor)
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
        room -= encoder.headerLength
    }

    private func copyIn(_ source: UnsafeRawBufferPointer, at offset: Int) {
        guard let address = source.baseAddress else { return }
        unsafe (cursor + offset).copyMemory(from: address, byteCount: source.count)
    }

    /// Appends raw bytes, over as many chunks as they need.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            if room == 0 { makeRoom(1) }
            let count = min(room, rest.count)
            unsafe copyIn(rest.keeping(count), at: 0)
            unsafe cursor += count
            room -= count
            unsafe rest = unsafe rest.dropping(count)
        }
    }

    private mutating func appendZero() {
        if room == 0 { makeRoom(1) }
        unsafe cursor.storeBytes(of: 0, as: UInt8.self)
        unsafe cursor += 1
        room -= 1
    }

    /// After this a whole frame can be written into the ring of shared memory; or, where there is none or it is full, so many bytes into a chunk.
    mutating func makeRoom(forFrame encodedLength: Int, inChunk count: Int) throws(TransportError) {
        if isInRing { try makeRingRoom(encodedLength) }
        if !isInRing { makeRoom(count) }
    }

    /// After this, `room` is at least `count`: in the tail chunk if it has that much, else in a new one.
    private mutating func makeRoom(_ count: Int) {
        settle()
        if let last = unsafe tail, unsafe last.pointee.capacity - last.pointee.written >= count { return openRoom() }
        let chunk = unsafe pool.take(minimum: count)
        if let last = unsafe tail { unsafe last.pointee.next = unsafe chunk } else { unsafe head = unsafe chunk }
        unsafe tail = unsafe chunk
        openRoom()
    }

    /// Books what was written at `cursor` since the last time.
    private mutating func settle() {
        let count = unsafe cursor - settledCursor
        // What is in the ring is booked when it is published.
        guard count > 0, !isInRing, let tail = unsafe tail else { return }
        unsafe tail.pointee.written += count
        settledBytes += count
        unsafe settledCursor = unsafe cursor
    }

    private mutating func openRoom() {
        guard let tail = unsafe tail else {
            guard isSendingOnLane else { return room = 0 }
            return enterRing()
        }
        unsafe cursor = unsafe OutboundChunk.data(of: tail) + tail.pointee.written
        unsafe settledCursor = unsafe cursor
        room = isClosed || closeRequested ? 0 : max(0, min(unsafe tail.pointee.capacity - tail.pointee.written, limit - settledBytes))
    }
}

// MARK: What the transport does with it

extension Outbound {
    /// The bytes that go out next: what is written of the first chunk. They stay where they are until ``markSent(_:)``.
    mutating func nextPiece() -> UnsafeRawBufferPointer? {
        settle()
        guard let head = unsafe head, unsafe head.pointee.written > head.pointee.sent else { return nil }
        return unsafe UnsafeRawBufferPointer(
            start: OutboundChunk.data(of: head) + head.pointee.sent, count: head.pointee.written - head.pointee.sent)
    }

    /// The kernel took `count` bytes of the first chunk.
    mutating func markSent(_ count: Int) {
        settle()
        guard let first = unsafe head else { return }
        unsafe first.pointee.sent += count
        settledBytes -= count
        guard unsafe first.pointee.sent == first.pointee.written else { return openRoom() }
        unsafe head = unsafe first.pointee.next
        if unsafe head == nil { unsafe tail = nil }
        unsafe pool.giveBack(first)
        openRoom()
    }

    /// Appends bytes that are not a data frame: hello and goodbye. They are outside the queue's limit, so that a full queue can be
    /// closed in order.
    mutating func appendControl(length: Int, _ write: (UnsafeMutableRawPointer) -> Void) {
        if isInRing {
            // There is room kept for it.
            unsafe write(cursor)
            unsafe cursor += length
            return room = 0
        }
        settle()
        makeRoom(length)
        unsafe write(cursor)
        unsafe cursor += length
        settle()
        openRoom()
    }

    /// Appends a frame without payload.
    mutating func appendControl(_ kind: FrameKind) {
        unsafe appendControl(length: NativeHeader.length) { header in
            unsafe header.storeBytes(of: NativeHeader.word(kind: kind).littleEndian, as: UInt64.self)
        }
    }

    /// Nothing more can be queued.
    mutating func seal() {
        settle()
        isClosed = true
        room = 0
        maximumFrameLength = -1
    }

    /// Drops everything that is queued; nothing can be queued any more. Only while no send is under way.
    mutating func discardAll() {
        seal()
        discardQueued()
    }

    /// Drops what is queued so far. Only while no send is under way.
    mutating func discardQueued() {
        settle()
        room = 0
        while let chunk = unsafe head {
            unsafe head = unsafe chunk.pointee.next
            unsafe pool.giveBack(chunk)
        }
        unsafe tail = nil
        settledBytes = 0
        if isInRing { unsafe cursor = unsafe settledCursor }
    }

    var isEmpty: Bool {
        @inline(__always) get { queuedBytes == 0 }
    }
}
