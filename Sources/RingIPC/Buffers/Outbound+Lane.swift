// Frames that go into a ring of shared memory: encoded there, where the peer reads them. When the ring is full they wait in chunks, as for a
// socket, and are moved over as it empties.

extension Outbound {
    /// Which lane each direction of the connection uses, and why.
    public var laneReport: LaneReport {
        LaneReport(
            sending: isSendingOnLane ? .sharedMemory : .socket, receiving: isReceivingOnLane ? .sharedMemory : .socket,
            reason: laneState.reason)
    }

    /// What this side sends goes into its ring.
    var isSendingOnLane: Bool {
        @inline(__always) get { unsafe lane?.pointee.isSending == true }
    }

    /// What the peer sends comes out of its ring.
    var isReceivingOnLane: Bool {
        @inline(__always) get { unsafe lane?.pointee.isReceiving == true }
    }

    mutating func setLane(_ lane: consuming SharedLane) {
        let place = UnsafeMutablePointer<SharedLane>.allocate(capacity: 1)
        unsafe place.initialize(to: lane)
        unsafe self.lane = unsafe place
    }

    /// The socket carries on; nothing was written into the ring.
    mutating func removeLane() {
        unsafe Self.free(lane)
        unsafe lane = nil
    }

    /// From here on frames are written into the ring. Nothing is queued.
    mutating func enterRing() {
        precondition(isEmpty, "what is queued for the socket has to leave by it")
        isInRing = true
        if let lane = unsafe lane { loanThreshold = unsafe lane.pointee.loanThreshold }
        placeInRing()
    }

    /// What this side says to the peer's offer.
    mutating func appendLaneAnswer(_ answer: FrameKind) {
        guard answer == .laneAccepted, let lane = unsafe lane else { return appendControl(answer) }
        let limit = unsafe UInt64(lane.pointee.incomingLoans.limit)
        unsafe appendControl(length: 2 * NativeHeader.length) { frame in
            let header = NativeHeader.word(kind: .laneAccepted, payloadLength: 8)
            unsafe frame.storeBytes(of: header.littleEndian, as: UInt64.self)
            unsafe frame.storeBytes(of: limit.littleEndian, toByteOffset: NativeHeader.length, as: UInt64.self)
        }
    }

    /// Makes what was written into the ring visible to the peer, and looks for how much more it takes.
    mutating func publish() {
        guard isInRing, let lane = unsafe lane else { return }
        unsafe publish(lane)
    }

    /// The peer sees it before this side prepares its next frame.
    @inline(__always)
    mutating func publish(_ lane: UnsafeMutablePointer<SharedLane>) {
        if unsafe cursor > settledCursor { unsafe publishWritten(in: lane) }
    }

    /// Not inlined: who answers frame by frame has published each by its header, and comes by here with nothing to do.
    @inline(never)
    private mutating func publishWritten(in lane: UnsafeMutablePointer<SharedLane>) {
        unsafe lane.pointee.producer.advance(cursor - settledCursor)
        unsafe lane.pointee.publish()
        unsafe settle(in: lane)
    }

    /// Everything up to the cursor is published.
    @inline(__always)
    private mutating func settle(in lane: UnsafeMutablePointer<SharedLane>) {
        unsafe settledCursor = unsafe cursor
        draft = NativeHeader.draft
        // The room ends where it did, unless the cursor has left the ring and goes on at its front.
        if unsafe cursor < lane.pointee.ringEnd { setFlushMark() } else { placeInRing() }
    }

    /// The next frame is published as soon as it is whole, if it is written in the short way: the peer has just sent, and waits for it. What follows
    /// is gathered as always.
    @inline(__always)
    mutating func publishNextFrame() {
        if draft == NativeHeader.draft { draft = NativeHeader.anyDraft }
    }

    /// A frame was published by its header. What else is to be done comes behind that: nobody waits for it.
    @usableFromInline
    @inline(never)
    mutating func followPublishedFrame(to end: UnsafeMutableRawPointer) {
        guard let lane = unsafe lane else { return }
        unsafe lane.pointee.producer.advance(end - cursor)
        unsafe lane.pointee.followHead()
        unsafe cursor = unsafe end
        framesSent &+= 1
        unsafe settle(in: lane)
        // The wait would be a part of that time.
        unsafe lane.pointee.pace.forget()
    }

    /// The next frame begins behind the last one in the ring.
    @inline(__always)
    mutating func placeInRing() {
        guard let lane = unsafe lane else { return }
        unsafe cursor = unsafe lane.pointee.front
        unsafe settledCursor = unsafe cursor
        draft = unsafe lane.pointee.producer.draft
        room = isClosed || closeRequested ? 0 : unsafe lane.pointee.room
        setFlushMark()
    }

    /// Gives up what was written into the ring and not published.
    mutating func discardDrafts() {
        guard let lane = unsafe lane else { return }
        unsafe lane.pointee.producer.discard()
        placeInRing()
    }

    /// After this a frame of that length can be written into the ring, or frames wait in chunks.
    mutating func makeRingRoom(_ encodedLength: Int) throws(TransportError) {
        guard let lane = unsafe lane else { return }
        publish()
        if encodedLength <= room { return }
        if unsafe encodedLength <= lane.pointee.largestFrame, try unsafe lane.pointee.has(.room(encodedLength)) { return placeInRing() }
        isInRing = false
        draft = 0
        room = 0
    }

    /// Moves what waits in chunks into the ring as far as there is room, and publishes.
    ///
    /// - Returns: 0 when nothing waits any more; else how many bytes of the ring the next move needs.
    mutating func moveIntoRing() throws(TransportError) -> Int {
        guard let lane = unsafe lane else { return 0 }
        if isInRing {
            publish()
            return 0
        }
        while let waiting = unsafe nextPiece() {
            let wanted = unsafe move(waiting, into: lane)
            guard wanted > 0 else { continue }
            if try unsafe lane.pointee.has(.room(wanted)) { continue }
            unsafe lane.pointee.publish()
            wantedRoom = wanted
            return wanted
        }
        // Marking the last piece as sent has put the cursor into the ring.
        unsafe lane.pointee.publish()
        if isInRing { draft = unsafe lane.pointee.producer.draft }
        return 0
    }

    /// Moves one frame, or a part of a long one. Returns 0, or how much room it takes.
    private mutating func move(_ waiting: UnsafeRawBufferPointer, into lane: UnsafeMutablePointer<SharedLane>) -> Int {
        if unmovedLength == 0 {
            let length = unsafe Self.encodedLength(ofOwnFrame: waiting)
            if length <= waiting.count, unsafe length <= lane.pointee.largestFrame {
                guard unsafe lane.pointee.room >= length else { return length }
                unsafe lane.pointee.append(waiting.keeping(length))
                markSent(length)
                return 0
            }
            unmovedLength = length
        }
        return unsafe movePiece(of: waiting, into: lane)
    }

    /// A frame that is cut by the end of a chunk, or too long for the ring, travels as pieces of its encoded bytes.
    private mutating func movePiece(of waiting: UnsafeRawBufferPointer, into lane: UnsafeMutablePointer<SharedLane>) -> Int {
        let count = unsafe min(waiting.count, unmovedLength, lane.pointee.largestPiece)
        let length = encoder.encodedLength(ofPayload: count)
        guard unsafe lane.pointee.room >= length else { return length }
        let front = unsafe lane.pointee.front
        let headerBits = unsafe NativeHeader.word(kind: .piece) | lane.pointee.producer.draft
        unsafe encoder.writeFrame(around: count, headerBits: headerBits, to: front)
        unsafe (front + NativeHeader.length).copyMemory(from: waiting.baseAddress!, byteCount: count)
        unsafe lane.pointee.producer.advance(length)
        unmovedLength -= count
        markSent(count)
        return 0
    }

    /// Headers are never cut by the end of a chunk.
    private static func encodedLength(ofOwnFrame bytes: UnsafeRawBufferPointer) -> Int {
        let word = UInt64(littleEndian: unsafe bytes.loadUnaligned(as: UInt64.self))
        return FrameFormat.native.encodedLength(ofPayload: Int(UInt32(truncatingIfNeeded: word)))
    }
}
