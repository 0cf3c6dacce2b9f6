internal import CRingIPC

// How a blocking connection moves frames on a lane of shared memory, and waits at it.

// MARK: Sending

extension Connection {
    /// Publishes what is in the ring, and moves in what waits for it. `false` when the socket still carries what this side sends.
    mutating func flushLane(until deadline: Int64?) throws(TransportError) -> Bool {
        guard isSendingOnLane else { return false }
        while true {
            let wanted = unsafe try outbound.pointee.moveIntoRing()
            if wanted == 0 {
                // Also when nothing was queued: the first frame after a wait has been published before.
                try requirePeer()
                return true
            }
            try awaitRoom(try takePieces() ? .dataOrRoom(wanted) : .room(wanted), until: deadline)
        }
    }

    /// Takes in what there is of a long frame, whose pieces are copied in any case: two sides that both send one must not wait for each other.
    /// Whether more of it could be taken.
    private mutating func takePieces() throws(TransportError) -> Bool {
        guard isReceivingOnLane else { return false }
        while unsafe try inbound.pointee.beginsWithPart() {
            if try workOffLaneFrames() { continue }
            guard try takeMoreOfLane() else { return true }
        }
        return false
    }

    /// Everything queued is on its way when this returns `false`. In the ring there may be no room for it, and the peer may wait for room itself:
    /// `true` when there is input that can be received first. That much of it is taken as a socket's receive ring would take.
    mutating func flushBeforeReceive(until deadline: Int64?) throws(TransportError) -> Bool {
        guard isSendingOnLane, isReceivingOnLane else {
            try flush(until: deadline)
            return false
        }
        while true {
            let wanted = unsafe try outbound.pointee.moveIntoRing()
            if wanted == 0 { return false }
            let takesMore = unsafe outbound.pointee.queuedBytes < configuration.receiveRingSize
            if takesMore, try takeMoreOfLane() { return true }
            try awaitRoom(takesMore ? .dataOrRoom(wanted) : .room(wanted), until: deadline)
        }
    }

    /// A doorbell has found the peer gone: as a send on a socket would. One that has read everything before it went was there for a socket's.
    private mutating func requirePeer() throws(TransportError) {
        guard let lane = unsafe outbound.pointee.lane, unsafe try lane.pointee.hasLostFrames() else { return }
        throw TransportError(systemError: EPIPE, during: .send, on: endpoint)
    }

    /// Before our goodbye: what is in the ring is read by somebody, or the peer has said that it is done. Afterwards a peer may be gone because it
    /// has read everything.
    mutating func requireReader(until deadline: Int64) throws(TransportError) {
        guard peerState == .closed, !hasPeerSaidGoodbye(until: deadline) else { return }
        throw TransportError(systemError: EPIPE, during: .send, on: endpoint)
    }

    var isSendingOnLane: Bool { unsafe outbound.pointee.isSendingOnLane }
    var isReceivingOnLane: Bool { unsafe outbound.pointee.isReceivingOnLane }

    /// Enough is written to be published. Looks for room for the frames until the next time, so that none has to be set aside; but does not wait
    /// for it: the program may have nothing more to send, and its peer be waiting for the program to receive.
    mutating func flushLaneToThreshold() throws(TransportError) {
        guard let lane = unsafe outbound.pointee.lane, unsafe lane.pointee.isSending else {
            while unsafe outbound.pointee.isAtThreshold, try sendPiece(until: nil) {}
            try lookForAnswer()
            if unsafe outbound.pointee.lane?.pointee.isAccepted == true { try flush(until: nil) }
            return
        }
        unsafe lane.pointee.noteWritten(outbound.pointee.queuedBytes)
        // Behind the waits below.
        defer { unsafe lane.pointee.pace.begin() }
        guard try flushLane(until: nil) else { return }
        unsafe lane.pointee.prepareStream()
        let wanted = unsafe min(lane.pointee.largestFrame / 2, 2 * Self.directSendLength)
        guard unsafe outbound.pointee.room < wanted, laneSpinBudget.allowance > 0 else { return }
        let deadline = ringipc_monotonic_nanoseconds() + Self.spinForNextFrames
        if unsafe try spin(at: lane, .room(wanted), until: deadline) == .ready { unsafe outbound.pointee.placeInRing() }
    }

    /// Longer than a reader takes for an eighth of a ring.
    private static var spinForNextFrames: Int64 { 50_000 }

    /// A long frame: it is lent; or the ring has room for it before it is written, or it goes in pieces.
    mutating func sendIntoRing(_ bytes: RawSpan) throws(TransportError) {
        if unsafe try !outbound.pointee.sendByLoan(bytes) {
            try awaitRoom(forLongFrame: bytes.byteCount)
            unsafe try outbound.pointee.send(bytes)
        }
        _ = try flushLane(until: nil)
    }

    mutating func prepareLongFrame(_ count: Int) throws(TransportError) {
        // A frame may be as long as the whole queue is allowed to be: what waits goes first.
        try flush(until: nil)
        if isSendingOnLane { try awaitRoom(forLongFrame: count) }
    }

    private mutating func awaitRoom(forLongFrame count: Int) throws(TransportError) {
        guard let lane = unsafe outbound.pointee.lane, unsafe count < lane.pointee.largestFrame - NativeHeader.length else { return }
        let length = FrameFormat.native.encodedLength(ofPayload: count)
        if unsafe outbound.pointee.room < length { try awaitRoom(length, until: nil) }
    }

    private mutating func awaitRoom(_ count: Int, until deadline: Int64?) throws(TransportError) {
        try awaitRoom(.room(count), until: deadline)
    }

    private mutating func awaitRoom(_ wish: SharedLane.Wish, until deadline: Int64?) throws(TransportError) {
        switch try awaitLane(wish, until: deadline) {
        case .ready: if unsafe outbound.pointee.isInRing { unsafe outbound.pointee.placeInRing() }
        case .timedOut:
            throw TransportError(
                .timedOut, during: .send, on: endpoint, detail: "the peer has not read; the ring of shared memory is full")
        case .socketOver: throw TransportError(systemError: EPIPE, during: .send, on: endpoint)
        }
    }
}

// MARK: Receiving, and waiting

extension Connection {
    /// Further bytes of the peer's ring can be read. `false` at an orderly end.
    mutating func fillFromLane(until limit: Int64?, askedFor deadline: Int64?) throws(TransportError) -> Bool {
        while true {
            if try takeMoreOfLane() { return true }
            switch try awaitLane(.data, until: limit) {
            case .ready: break
            case .timedOut: throw timeout(deadline)
            case .socketOver: return try finish()
            }
        }
    }

    /// What is queued for the socket goes as far as it can without waiting, and then the switch.
    private mutating func sendWhatFits() {
        queueLaneAnswer()
        while let piece = unsafe outbound.pointee.nextPiece() {
            counters.systemCalls &+= 1
            let result = unsafe ringipc_send(socket.descriptor, piece.baseAddress, piece.count, Int32(MSG_DONTWAIT))
            // A broken socket is found so by who waits at it.
            guard result > 0 else { return }
            counters.bytesSent &+= UInt64(result)
            unsafe outbound.pointee.markSent(result)
        }
        switchSending()
    }

    /// Further bytes of the peer's ring can be read, if there are any.
    mutating func takeMoreOfLane() throws(TransportError) -> Bool {
        guard let lane = unsafe outbound.pointee.lane, unsafe lane.pointee.isReceiving else { return false }
        let isMore = unsafe try inbound.pointee.advance(&lane.pointee)
        wakeBeforeSwitch()
        return isMore
    }

    /// A peer that waits for the room that was given back is not rung before the switch: what is queued for the socket wakes it, or the switch. If
    /// the socket is full, the peer has something to read and does not sleep.
    private mutating func wakeBeforeSwitch() {
        if unsafe outbound.pointee.lane?.pointee.isSending == false { sendWhatFits() }
    }

    private enum LaneOutcome { case ready, timedOut, socketOver }

    /// Waits as the strategy says: at the peer's positions, then at the socket, which the peer's doorbell or its death makes readable.
    private mutating func awaitLane(_ wish: SharedLane.Wish, until deadline: Int64?) throws(TransportError) -> LaneOutcome {
        guard let lane = unsafe outbound.pointee.lane else { return .socketOver }
        unsafe inbound.pointee.releaseConsumed(&lane.pointee)
        if laneSpinBudget.allowance > 0, let outcome = unsafe try spin(at: lane, wish, until: deadline) { return outcome }
        guard laneSpinBudget.maximum > 0 else { return unsafe try sleep(at: lane, wish, until: deadline) }
        let start = ringipc_monotonic_nanoseconds()
        let outcome = unsafe try sleep(at: lane, wish, until: deadline)
        laneSpinBudget.slept(nanoseconds: ringipc_monotonic_nanoseconds() - start)
        return outcome
    }

    /// `nil` when the time for spinning is over.
    private mutating func spin(
        at lane: UnsafeMutablePointer<SharedLane>, _ wish: SharedLane.Wish, until deadline: Int64?
    ) throws(TransportError) -> LaneOutcome? {
        let allowance = laneSpinBudget.allowance
        var end = Int64.max
        // Who waits for a time only may have none left: the first look is followed by one at the clock.
        var looks = deadline == nil ? 0 : Self.looksPerClock
        while true {
            if unsafe try lane.pointee.has(wish) {
                laneSpinBudget.spinSucceeded()
                return .ready
            }
            ringipc_relax()
            looks &+= 1
            guard looks & Self.looksPerClock == 0 else { continue }
            let now = ringipc_monotonic_nanoseconds()
            if end == .max, allowance < .max { end = now + allowance }
            if let deadline, now >= deadline { return .timedOut }
            if now >= end {
                laneSpinBudget.spinFailed()
                return nil
            }
            guard looks & Self.looksPerSocket == 0 else { continue }
            // Who never sleeps would never hear of the peer's death.
            try readLaneSocket()
            if unsafe lane.pointee.isSocketOver { return unsafe try lane.pointee.has(wish) ? .ready : .socketOver }
        }
    }

    private static var looksPerClock: Int { (1 << 6) - 1 }
    private static var looksPerSocket: Int { (1 << 16) - 1 }

    private mutating func sleep(
        at lane: UnsafeMutablePointer<SharedLane>, _ wish: SharedLane.Wish, until deadline: Int64?
    ) throws(TransportError) -> LaneOutcome {
        while true {
            if unsafe lane.pointee.isSocketOver { return unsafe try lane.pointee.has(wish) ? .ready : .socketOver }
            guard unsafe try lane.pointee.prepareSleep(wish) else { return .ready }
            wakeBeforeSwitch()
            if deadline == nil, unsafe lane.pointee.isReceiving {
                counters.wakeups &+= 1
                unsafe try lane.pointee.awaitSocket()
                unsafe lane.pointee.wakeUp()
                if unsafe try lane.pointee.has(wish) { return .ready }
                continue
            }
            let remaining = deadline.map { max(0, $0 - ringipc_monotonic_nanoseconds()) } ?? -1
            counters.systemCalls &+= 1
            counters.wakeups &+= 1
            let canRead = canReadSocket
            // A doorbell behind frames that the program does not take is not seen: it is looked for the peer's position now and then.
            let timeout = canRead ? remaining : remaining < 0 ? Self.blindSleep : min(remaining, Self.blindSleep)
            let events = ringipc_poll(socket.descriptor, canRead ? Int16(POLLIN) : 0, timeout)
            unsafe lane.pointee.wakeUp()
            if events < 0, events != -EINTR { throw TransportError(systemError: -events, during: .receive, on: endpoint) }
            if events > 0 {
                if canRead { try readLaneSocket() } else { unsafe lane.pointee.isSocketOver = true }
            }
            if unsafe try lane.pointee.has(wish) { return .ready }
            // Also when something came: a peer that rings without end does not stop the clock.
            if let deadline, ringipc_monotonic_nanoseconds() >= deadline { return .timedOut }
        }
    }

    private static var blindSleep: Int64 { 1_000_000 }

    /// What the peer sends by the socket before its switch is input like any other, and takes room.
    private var canReadSocket: Bool {
        mutating get {
            if isReceivingOnLane { return true }
            guard let memory = unsafe try? inbound.pointee.memoryForReceive() else { return false }
            return unsafe !memory.isEmpty
        }
    }

    /// Takes what the socket has: doorbells; or, before the peer's switch, its frames, and then the switch.
    mutating func readLaneSocket() throws(TransportError) {
        guard let lane = unsafe outbound.pointee.lane else { return }
        if unsafe lane.pointee.isReceiving { return unsafe try lane.pointee.readSocket() }
        counters.systemCalls &+= 1
        guard let memory = unsafe try? inbound.pointee.memoryForReceive(), unsafe !memory.isEmpty else { return }
        switch unsafe receiveNow(into: memory) {
        case let received where received > 0:
            try book(received: received)
            _ = try workOffLaneFrames()
        case -Int(EAGAIN), -Int(EINTR): break
        default: unsafe lane.pointee.isSocketOver = true
        }
    }
}
