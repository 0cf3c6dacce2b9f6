internal import CRingIPC

// How a blocking connection comes to a lane of shared memory, and moves frames on it.

extension Connection {
    /// Which lane each direction uses, and why.
    public var lane: LaneReport {
        let (isSending, isReceiving) = unsafe (outbound.pointee.lane?.pointee.isSending == true, outbound.pointee.lane?.pointee.isReceiving == true)
        return LaneReport(
            sending: isSending ? .sharedMemory : .socket, receiving: isReceiving ? .sharedMemory : .socket, reason: laneState.reason)
    }

    /// Frames of the lane may come, since the peer has seen an offer.
    var hasOfferedLane: Bool { unsafe inbound.pointee.parser.endsAtLaneFrames }

    /// The socket may bring descriptors.
    var takesDescriptors: Bool {
        switch laneState {
        case .offered, .mapped: true
        default: false
        }
    }
}

// MARK: Coming to an agreement

extension Connection {
    /// Sends the hello with an offer. `false` when none is made, and then the hello is still to be sent.
    mutating func offerLane() -> Bool {
        guard let options = configuration.sharedMemory else { return false }
        do throws(TransportError) {
            let offer = try LaneOffer(options, wait: configuration.wait)
            let result = unsafe offer.sendHello(maximumFrameLength: outbound.pointee.maximumFrameLength, over: socket.descriptor)
            guard result == 0 else { throw TransportError(systemError: -result, during: .handshake) }
            counters.systemCalls &+= 1
            counters.bytesSent &+= UInt64(Hello.encodedLength)
            laneOffer = consume offer
            laneState = .offered
            return true
        } catch {
            giveUpLane(.unavailable(error.description))
            unsafe inbound.pointee.parser.endsAtLaneFrames = false
            return false
        }
    }

    private mutating func giveUpLane(_ state: LaneState) {
        laneState = state
        laneOffer = nil
        counters.sharedMemoryRefusals &+= 1
        ringipc_refuse_descriptors(socket.descriptor)
    }

    /// The peer's hello is here: its offer, if there is one, is taken or refused.
    mutating func answerOffer(in hello: Hello) {
        guard case .offered = laneState, let offer = laneOffer.take() else { return }
        guard hello.offersSharedMemory else { return giveUpLane(.notOfferedByPeer) }
        do throws(TransportError) {
            let lane = try offer.accept(from: peer, over: socket.descriptor)
            laneState = .mapped(copiesFrames: lane.copiesFrames)
            unsafe outbound.pointee.setLane(lane)
            counters.sharedMemoryConnections &+= 1
            laneAnswer = .laneAccepted
        } catch {
            giveUpLane(.refusedHere(error.detail))
            laneAnswer = .laneRefused
        }
    }

    /// The answer goes between two frames: the peer's hello may have come while a long one was being sent.
    mutating func queueLaneAnswer() {
        guard let answer = laneAnswer.take() else { return }
        unsafe outbound.pointee.appendLaneAnswer(answer)
    }

    /// Works off frames of the lane at the front of the input. Returns whether there was one.
    mutating func workOffLaneFrames() throws(TransportError) -> Bool {
        var isAny = false
        while let (kind, count) = unsafe try inbound.pointee.laneFrame() {
            isAny = true
            switch kind {
            case .laneAccepted: try peerAccepted()
            case .laneRefused: try peerRefused()
            case .laneSwitch: try peerSwitched()
            // A peer whose own switch is held up by a full socket reads our ring already.
            case .doorbell where isSendingOnLane: unsafe inbound.pointee.consume(NativeHeader.length)
            case .piece where isReceivingOnLane:
                unsafe try inbound.pointee.takePiece(count)
                return true
            case .loan where isReceivingOnLane:
                unsafe try inbound.pointee.takeLoan()
                return true
            case .loanPoolEnd where isReceivingOnLane: unsafe try inbound.pointee.takeLoanPoolEnd()
            default: throw .unexpectedLaneFrame(kind)
            }
        }
        return isAny
    }

    private mutating func peerAccepted() throws(TransportError) {
        let loanLimit = unsafe NativeHeader.word(0, ofPayloadIn: inbound.pointee.ring.readable)
        unsafe inbound.pointee.consume(2 * NativeHeader.length)
        if case .refusedHere = laneState { return }
        guard let lane = unsafe outbound.pointee.lane, unsafe !lane.pointee.isAccepted else { throw .unexpectedLaneFrame(.laneAccepted) }
        unsafe lane.pointee.isAccepted = true
        unsafe lane.pointee.outgoingLoans.setPeerLimit(loanLimit)
        try switchSending()
    }

    private mutating func peerRefused() throws(TransportError) {
        unsafe inbound.pointee.consume(NativeHeader.length)
        if case .refusedHere = laneState { return }
        guard let lane = unsafe outbound.pointee.lane, unsafe !lane.pointee.isAccepted else { throw .unexpectedLaneFrame(.laneRefused) }
        unsafe outbound.pointee.removeLane()
        counters.sharedMemoryConnections &-= 1
        giveUpLane(.refusedByPeer)
    }

    private mutating func peerSwitched() throws(TransportError) {
        guard let lane = unsafe outbound.pointee.lane, unsafe !lane.pointee.isReceiving else { throw .unexpectedLaneFrame(.laneSwitch) }
        unsafe inbound.pointee.consume(NativeHeader.length)
        unsafe lane.pointee.isReceiving = true
        unsafe try lane.pointee.takeSocketInput(inbound.pointee.readable)
        unsafe try inbound.pointee.enterLane(lane)
        lookForShortWay()
    }

    /// Everything for the socket is with the kernel: if the peer has agreed, what follows goes into the ring.
    mutating func switchSending() throws(TransportError) {
        guard let lane = unsafe outbound.pointee.lane, unsafe lane.pointee.isAccepted, unsafe !lane.pointee.isSending,
            laneAnswer == nil, !end.isFinished, unsafe outbound.pointee.isEmpty
        else { return }
        counters.systemCalls &+= 1
        guard unsafe try lane.pointee.switchSending() else { return }
        unsafe outbound.pointee.enterRing()
        coalescingThreshold = min(coalescingThreshold, SharedLane.publishingThreshold)
        lookForShortWay()
    }

    private mutating func lookForShortWay() {
        hasShortWay = unsafe laneSpinBudget.maximum > 0 && isSendingOnLane && inbound.pointee.isInPlace
    }

    /// What a side that only sends would never see: the peer's hello, and its answer. Nothing is waited for.
    mutating func lookForAnswer() throws(TransportError) {
        guard takesDescriptors, unsafe outbound.pointee.lane?.pointee.isAccepted != true, !end.isInputOver else { return }
        guard let memory = unsafe try? inbound.pointee.memoryForReceive(), unsafe !memory.isEmpty else { return }
        counters.systemCalls &+= 1
        let received = unsafe receiveNow(into: memory)
        // An end or an error is found again by whoever waits for input.
        if received > 0 { try book(received: received) }
        if unsafe !inbound.pointee.isAwaitingHello { _ = try workOffLaneFrames() }
        queueLaneAnswer()
    }
}

// MARK: The socket, as long as it can bring descriptors

extension Connection {
    /// One attempt that does not wait: bytes, 0 at the end of the stream, or a negated errno.
    mutating func receiveNow(into memory: UnsafeMutableRawBufferPointer) -> Int {
        guard takesDescriptors else {
            return unsafe ringipc_receive(socket.descriptor, memory.baseAddress, memory.count, Int32(MSG_DONTWAIT))
        }
        var passed: Int32 = -1
        let result = unsafe ringipc_receive_descriptor(socket.descriptor, memory.baseAddress, memory.count, Int32(MSG_DONTWAIT), &passed)
        if passed >= 0 {
            if laneOffer != nil {
                laneOffer?.passed.append(passed)
            } else if let lane = unsafe outbound.pointee.lane {
                // Behind the peer's switch, which is not worked off yet.
                unsafe lane.pointee.takePassed(passed)
            } else {
                ringipc_close_elsewhere(passed)
            }
        }
        return result
    }

    /// What the drivers do, but on readiness: a receive that is armed in a ring would lose the descriptor.
    mutating func receiveWithDescriptors(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        while true {
            counters.systemCalls &+= 1
            let result = unsafe receiveNow(into: memory)
            if result != -Int(EAGAIN), result != -Int(EINTR) { return result }
            let remaining = deadline.map { max(0, $0 - ringipc_monotonic_nanoseconds()) } ?? -1
            counters.systemCalls &+= 1
            counters.wakeups &+= 1
            let events = ringipc_poll(socket.descriptor, Int16(POLLIN), remaining)
            if events == 0 { return -Int(ETIMEDOUT) }
            if events < 0, events != -EINTR { return Int(events) }
        }
    }
}

// MARK: Sending

extension Connection {
    /// Publishes what is in the ring, and moves in what waits for it. `false` when the socket still carries what this side sends.
    mutating func flushLane(until deadline: Int64?) throws(TransportError) -> Bool {
        guard isSendingOnLane else { return false }
        while true {
            let wanted = unsafe try outbound.pointee.moveIntoRing()
            if wanted == 0 { return true }
            try awaitRoom(wanted, until: deadline)
        }
    }

    var isReceivingOnLane: Bool { unsafe outbound.pointee.lane?.pointee.isReceiving == true }
    var isSendingOnLane: Bool { unsafe outbound.pointee.lane?.pointee.isSending == true }

    /// Enough is written to be published. Looks for room for the frames until the next time, so that none has to be set aside; but does not wait
    /// for it: the program may have nothing more to send, and its peer be waiting for the program to receive.
    mutating func flushLaneToThreshold() throws(TransportError) {
        guard let lane = unsafe outbound.pointee.lane, unsafe lane.pointee.isSending else {
            while unsafe outbound.pointee.queuedBytes >= coalescingThreshold, try sendPiece(until: nil) {}
            try lookForAnswer()
            if unsafe outbound.pointee.lane?.pointee.isAccepted == true { try flush(until: nil) }
            return
        }
        guard try flushLane(until: nil) else { return }
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

    @usableFromInline
    @inline(never)
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
        switch try awaitLane(.room(count), until: deadline) {
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
    private mutating func sendWhatFits() throws(TransportError) {
        queueLaneAnswer()
        while let piece = unsafe outbound.pointee.nextPiece() {
            counters.systemCalls &+= 1
            let result = unsafe ringipc_send(socket.descriptor, piece.baseAddress, piece.count, Int32(MSG_DONTWAIT))
            // A broken socket is found so by who waits at it.
            guard result > 0 else { return }
            counters.bytesSent &+= UInt64(result)
            unsafe outbound.pointee.markSent(result)
        }
        try switchSending()
    }

    /// Further bytes of the peer's ring can be read, if there are any.
    mutating func takeMoreOfLane() throws(TransportError) -> Bool {
        guard let lane = unsafe outbound.pointee.lane, unsafe lane.pointee.isReceiving else { return false }
        let isMore = unsafe try inbound.pointee.advance(&lane.pointee)
        try wakeBeforeSwitch()
        return isMore
    }

    /// A peer that waits for the room that was given back is not rung before the switch: what is queued for the socket wakes it, or the switch. If
    /// the socket is full, the peer has something to read and does not sleep.
    private mutating func wakeBeforeSwitch() throws(TransportError) {
        if unsafe outbound.pointee.lane?.pointee.isSending == false { try sendWhatFits() }
    }

    private enum LaneOutcome { case ready, timedOut, socketOver }

    /// Waits as the strategy says: at the peer's positions, then at the socket, which the peer's doorbell or its death makes readable.
    private mutating func awaitLane(_ wish: SharedLane.Wish, until deadline: Int64?) throws(TransportError) -> LaneOutcome {
        guard let lane = unsafe outbound.pointee.lane else { return .socketOver }
        unsafe try inbound.pointee.releaseConsumed(&lane.pointee)
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
            try wakeBeforeSwitch()
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
            if events == 0, canRead || remaining == timeout { return .timedOut }
        }
    }

    private static var blindSleep: Int64 { 1_000_000 }

    /// What the peer sends by the socket before its switch is input like any other, and takes room.
    private var canReadSocket: Bool {
        mutating get {
            if unsafe outbound.pointee.lane?.pointee.isReceiving == true { return true }
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
