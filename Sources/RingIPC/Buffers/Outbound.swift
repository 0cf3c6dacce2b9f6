internal import CRingIPC

/// The outbound side of a connection: frames are encoded once, into memory that the kernel then sends from.
///
/// In a handler, frames leave at the end of the loop's turn, or as soon as ``CoalescingPolicy/thresholdBytes`` are queued; ask
/// for less delay with ``flush()``. An `Outbound` belongs to the thread of its connection.
@safe
public struct Outbound: ~Copyable {
    /// Where the next frame goes: inside the tail chunk, or in the ring. Only meaningful while there is ``room``.
    @usableFromInline var cursor: UnsafeMutableRawPointer
    /// Where the bytes end that may be written at `cursor`: a place that stays, so that a frame moves the cursor and nothing else.
    @usableFromInline var roomEnd: UnsafeMutableRawPointer
    /// The cursor from which on ``flushThreshold`` bytes are queued; behind `roomEnd` where that is not so at any place in the room.
    @usableFromInline var flushMark: UnsafeMutableRawPointer
    /// So many queued bytes leave at once. For a blocking connection; the loops have a rule of their own, and leave this and the mark alone.
    var flushThreshold = Int.max { didSet { setFlushMark() } }
    /// The smaller of both sides' frame limits; negative once nothing can be queued any more, not even a frame that needs no room.
    var maximumFrameLength: Int { didSet { setBounds() } }
    /// Payloads from this length on travel by loan, where there is one.
    var loanThreshold = Int.max { didSet { setBounds() } }
    /// Payloads from this length on are for the connection to send without a copy.
    var directThreshold = Int.max { didSet { setBounds() } }
    /// Payloads below this length are queued by code that is inlined into the caller, in the native form, and in those with a length of four bytes.
    /// 0 where none is. Unsigned, so that one comparison finds a negative length, too.
    @usableFromInline var nativeBound: UInt = 0
    @usableFromInline var prefixedBound: UInt = 0
    /// What the format can carry, under any limit.
    let longestPayload: Int
    @usableFromInline let encoder: FrameEncoder
    @usableFromInline var framesSent: UInt64 = 0

    private let pool: OutboundChunkPool
    let limit: Int
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
    /// What the header of the next frame has besides: ``NativeHeader/draft`` when it begins a publication in the ring, with
    /// ``NativeHeader/singleDraft`` when the frame shall be one by itself; else 0.
    @usableFromInline var draft: UInt64 = 0
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
        longestPayload = configuration.format.longestPayload
        limit = configuration.outboundLimit
        self.pool = pool
        self.connection = connection
        unsafe cursor = UnsafeMutableRawPointer(bitPattern: 8)!
        unsafe settledCursor = unsafe cursor
        unsafe roomEnd = unsafe cursor
        unsafe flushMark = unsafe cursor
        setBounds()
    }

    deinit {
        var chunk = unsafe head
        while let current = unsafe chunk {
            unsafe chunk = unsafe current.pointee.next
            unsafe pool.giveBack(current)
        }
        unsafe Self.free(lane)
    }

    /// After the cursor was put elsewhere. A frame or a settlement does not move the mark.
    @inline(__always)
    mutating func setFlushMark() {
        guard flushThreshold < .max else { return }
        unsafe flushMark = unsafe cursor + min(flushThreshold &- queuedBytes, room &+ 1)
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
        guard let frame = unsafe openFrame(bytes.byteCount) else { return try sendInPieces(bytes) }
        unsafe bytes.withUnsafeBytes { source in
            if let address = source.baseAddress { unsafe frame.payload.copyMemory(from: address, byteCount: source.count) }
        }
        unsafe closeFrame(frame, bytes.byteCount)
    }

    /// Queues a frame whose payload of `count` bytes is produced in place: `write` gets the memory that the kernel will send.
    ///
    /// Bytes that `write` leaves alone have an arbitrary value, so it writes all of them.
    /// - Parameters:
    ///   - count: bytes of payload; a negative number is a programming error and traps.
    ///   - write: called once, before this returns. The memory cannot be kept.
    /// - Throws: as ``send(_:)``, before `write` is called.
    @inlinable
    @inline(__always)
    public mutating func send(reserving count: Int, _ write: (inout MutableRawSpan) -> Void) throws(TransportError) {
        if !sendInPlace(count, write) { try sendElsewhere(reserving: count, write) }
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
        unsafe closeFrame(OpenFrame(payload: cursor, end: cursor + 4))
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
    /// Bytes that may be written at `cursor`: the tail chunk's rest, cut at the queue's limit; or the ring's.
    var room: Int {
        get { unsafe roomEnd - cursor }
        set { unsafe roomEnd = unsafe cursor + newValue }
    }

    /// After this a whole frame can be written into the ring of shared memory; or, where there is none or it is full, so many bytes into a chunk.
    mutating func makeRoom(forFrame encodedLength: Int, inChunk count: Int) throws(TransportError) {
        if isInRing { try makeRingRoom(encodedLength) }
        if !isInRing { makeRoom(count) }
    }

    /// After this, `room` is at least `count`: in the tail chunk if it has that much, else in a new one.
    mutating func makeRoom(_ count: Int) {
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
            if isSendingOnLane { return enterRing() }
            room = 0
            return setFlushMark()
        }
        unsafe cursor = unsafe OutboundChunk.data(of: tail) + tail.pointee.written
        unsafe settledCursor = unsafe cursor
        room = isClosed || closeRequested ? 0 : max(0, min(unsafe tail.pointee.capacity - tail.pointee.written, limit - settledBytes))
        setFlushMark()
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
        settle()
        makeRoom(length)
        unsafe write(cursor)
        unsafe cursor += length
        settle()
        openRoom()
    }

    /// Appends a frame without payload.
    mutating func appendControl(_ kind: FrameKind) {
        let word = NativeHeader.word(kind: kind) | draft
        guard isInRing else {
            return unsafe appendControl(length: NativeHeader.length) { unsafe $0.storeBytes(of: word.littleEndian, as: UInt64.self) }
        }
        // There is room kept for it.
        unsafe cursor.storeBytes(of: word.littleEndian, as: UInt64.self)
        unsafe cursor += NativeHeader.length
        draft = 0
        room = 0
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
        while let chunk = unsafe head {
            unsafe head = unsafe chunk.pointee.next
            unsafe pool.giveBack(chunk)
        }
        unsafe tail = nil
        settledBytes = 0
        if isInRing { discardDrafts() }
        room = 0
        setFlushMark()
    }

    var isEmpty: Bool {
        @inline(__always) get { queuedBytes == 0 }
    }
}
