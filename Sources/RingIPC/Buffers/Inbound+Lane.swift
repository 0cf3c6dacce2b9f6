internal import CRingIPC

// Frames that come out of a peer's ring of shared memory: read where they lie, or copied into the connection's own ring like bytes from a socket.

extension Inbound {
    /// From here on bytes come out of the peer's ring. What came before it is read.
    mutating func enterLane(_ lane: UnsafeMutablePointer<SharedLane>) throws(TransportError) {
        unsafe self.lane = unsafe lane
        isInPlace = unsafe !lane.pointee.copiesFrames
        let size = unsafe lane.pointee.peerRingSize
        if isInPlace {
            ring = unsafe MirroredRing(reading: lane.pointee.ringBase, size: size)
        } else if size > ring.size {
            // A frame that the peer's ring takes is whole here, too.
            ring = try MirroredRing(size: size, during: .handshake)
        } else {
            ring.startAgain()
        }
    }

    /// Lets further bytes of the peer's ring be read, and gives back those that were. `false` while there is nothing new.
    mutating func advance(_ lane: inout SharedLane) throws(TransportError) -> Bool {
        guard isInPlace ? try showNext(&lane) : try copyNext(&lane) else { return false }
        try requirePiece()
        return true
    }

    /// Gives back what was read in place. Before any wait: the peer may not be able to write what is waited for, or to read, without the room.
    mutating func releaseConsumed(_ lane: inout SharedLane) {
        guard isInPlace else { return }
        let consumed = lane.exposed - ring.count
        lane.exposed -= consumed
        lane.release(consumed)
    }

    /// Looks so many times for the next bytes after everything that was shown is read. What comes next is taken to be as long as what came last.
    @inline(__always)
    mutating func look(_ lane: inout SharedLane, times: Int) throws(TransportError) -> Bool {
        let last = lane.exposed
        lane.release(last)
        lane.exposed = 0
        let offset = lane.unreadOffset
        let count = last < Self.longFrame || lane.coreSharing.isShared ? try lookAtHead(&lane, times) : try lookAtPosition(&lane, times)
        guard count > 0 else { return false }
        let shown = min(count, lane.portion)
        lane.exposed = shown
        ring.show(shown, at: offset)
        return true
    }

    /// A short frame comes with the cache line of its head, and on one core any frame is seen there first. Bytes that are there, or 0.
    @inline(__always)
    private func lookAtHead(_ lane: inout SharedLane, _ times: Int) throws(TransportError) -> Int {
        // Copies, which stay in registers: with each look more the frame would be seen later.
        let (consumer, place) = unsafe (lane.consumer, lane.unread)
        // What is there at the first look has waited for us, and there may be more.
        if lane.consumer.hasFrame() {
            try lane.consumer.refresh()
            return lane.consumer.count
        }
        var (length, looks, quickLooks) = (0 as UInt64, 0, lane.coreSharing.isShared ? Self.quickLooks : 0)
        while length == 0 {
            quickLooks &-= 1
            // Not a condition of the loop: that would be asked once more when a head has come.
            if quickLooks < 0 { break }
            ringipc_relax_briefly()
            length = consumer.lengthByHead
        }
        while length == 0 {
            looks &+= 1
            // For empty frames, which no head tells of.
            if looks & 63 == 0 {
                if try lane.consumer.hasBytes() { return lane.consumer.count }
                if looks >= times { return 0 }
            }
            ringipc_relax()
            length = consumer.lengthByHead
        }
        // Most of what is short ends in the line after that of its header. Asked for with each look, that line would be gone when the peer writes it.
        unsafe ringipc_prefetch(place + SharedLane.cacheLine)
        lane.consumer.note(frameOf: length)
        let count = Int(truncatingIfNeeded: length)
        if lane.coreSharing.isDue() { unsafe lane.coreSharing.time(lane.positionLine) }
        unsafe lane.fetchLines(at: place, count)
        return count
    }

    /// Between cores: the writer of a long frame begins it in the line of its head. All that it stores behind that would wait until it has got the line
    /// back from whoever looks there.
    private func lookAtPosition(_ lane: inout SharedLane, _ times: Int) throws(TransportError) -> Int {
        var looks = 0
        while try !lane.consumer.hasBytes() {
            looks &+= 1
            if looks >= times { return 0 }
            ringipc_relax()
        }
        let count = lane.consumer.count
        if looks > 0 {
            // The last line: those behind the first ones may have been fetched by the processor, ahead of what was read before.
            if lane.coreSharing.isDue() { unsafe lane.coreSharing.time(lane.unread + (count &- 1)) }
            unsafe lane.fetchLines(at: lane.unread, count)
        }
        return count
    }

    /// On one core, before those with a pause. 15 ns each: together longer than the wait for a short frame is there, and no more of them, since while
    /// a long one is written they take the core away from the peer.
    private static var quickLooks: Int { 4 }

    /// Bytes from which on the position is the better place to look, measured: 256 makes no difference, 64 loses a quarter, 4,096 gains 3 %.
    static var longFrame: Int { 512 }

    private mutating func showNext(_ lane: inout SharedLane) throws(TransportError) -> Bool {
        let before = lane.exposed
        releaseConsumed(&lane)
        let consumed = before - lane.exposed
        guard try lane.has(.data) else { return false }
        // In portions, so that a writer that waits for room gets some before all is read. A frame that is longer than one needs all.
        let isStuck = consumed == 0 && lane.exposed > 0
        guard !isStuck || lane.exposed < lane.consumer.count else { throw Self.cutFrame(lane.exposed) }
        lane.exposed = isStuck ? lane.consumer.count : min(lane.consumer.count, max(lane.exposed, lane.portion))
        ring.show(lane.exposed, at: lane.unreadOffset)
        return true
    }

    /// Bytes that are copied cannot be changed any more by the peer.
    private mutating func copyNext(_ lane: inout SharedLane) throws(TransportError) -> Bool {
        guard try lane.has(.data) else {
            // Whole frames are published.
            let begun = isSpanning ? spanning.count : ring.count
            guard begun == 0 else { throw Self.cutFrame(begun) }
            return false
        }
        let memory = unsafe try memoryForReceive()
        let count = min(memory.count, lane.consumer.count, lane.portion)
        guard count > 0 else { return false }
        unsafe memory.copyMemory(from: UnsafeRawBufferPointer(start: lane.unread, count: count))
        markReceived(count)
        copiedBytes &+= UInt64(count)
        lane.release(count)
        return true
    }

    /// The lane's frame at the front, if one is there and whole: its kind, and bytes of payload.
    mutating func laneFrame() throws(TransportError) -> (FrameKind, Int)? {
        guard isOrdinary, let frame = unsafe NativeHeader.laneFrame(in: ring.readable) else { return nil }
        guard frame.encodedLength <= ring.size, frame.payloadLength == frame.kind.payloadLength ?? max(1, frame.payloadLength) else {
            throw Self.malformedPiece("a \(frame.kind) frame of \(frame.payloadLength) bytes")
        }
        return frame.encodedLength <= ring.count ? (frame.kind, frame.payloadLength) : nil
    }

    /// Whether there is nothing at the front that the program has to take: no whole frame, and no end.
    mutating func beginsWithPart() throws(TransportError) -> Bool {
        var batch = unsafe FrameBatch(parser: parser, memory: readable)
        return try !batch.beginsWithFrame() && !batch.isFinished
    }

    /// Takes a piece of a long frame off, which lies whole at the front: a header, and `count` bytes.
    mutating func takePiece(_ count: Int) throws(TransportError) {
        guard pieceLength == 0 || count <= pieceLength - pieces.count else {
            throw Self.malformedPiece("a piece reaches beyond the end of its frame")
        }
        let payload = unsafe ring.readable.dropping(NativeHeader.length).keeping(count)
        let copied = unsafe pieces.append(payload, from: &budget)
        copiedBytes &+= UInt64(copied)
        guard copied == count else { throw Self.overBudget(budget.limit) }
        // Of the copy, which the peer cannot change any more.
        if pieceLength == 0 { pieceLength = unsafe try Self.lengthOfPiecedFrame(pieces.bytes, parser) }
        ring.consume(FrameFormat.native.encodedLength(ofPayload: count))
        guard pieces.count == pieceLength else { return try requirePiece() }
        swap(&spanning, &pieces)
        spanningLength = pieceLength
        pieceLength = 0
        isOrdinary = false
    }

    /// What the frame takes whose first piece is here.
    static func lengthOfPiecedFrame(_ bytes: UnsafeRawBufferPointer, _ parser: FrameParser) throws(TransportError) -> Int {
        guard unsafe NativeHeader.isData(bytes), let length = unsafe parser.encodedLength(ofFrameBeginningWith: bytes) else {
            throw malformedPiece("the first piece of a frame begins with no header of data")
        }
        // Refuses what is over the limit.
        var batch = unsafe FrameBatch(parser: parser, memory: bytes)
        _ = try batch.next()
        guard batch.frameCount == 0 else { throw malformedPiece("a whole frame is called a piece") }
        return length
    }

    /// What is at the front while pieces are due is the next one.
    private mutating func requirePiece() throws(TransportError) {
        guard pieceLength > 0, ring.count >= NativeHeader.length else { return }
        if unsafe NativeHeader.laneFrame(in: ring.readable)?.kind != .piece { try requireNoPieces() }
    }

    /// Another frame has come.
    mutating func requireNoPieces() throws(TransportError) {
        if pieceLength > 0 { throw Self.frameBetweenPieces }
    }

    static var frameBetweenPieces: TransportError { malformedPiece("another frame comes between the pieces of one") }

    static func malformedPiece(_ detail: String) -> TransportError {
        TransportError(.malformedFrame, during: .receive, detail: "\(detail); the peer is broken or hostile")
    }

    static func cutFrame(_ count: Int) -> TransportError {
        TransportError(
            .malformedFrame, during: .receive,
            detail: "the peer has published \(count) bytes of a frame that is longer; it is broken or hostile")
    }
}
