internal import CRingIPC

// How a blocking connection comes to a lane of shared memory.

extension Connection {
    /// Which lane each direction uses, and why.
    public var lane: LaneReport { unsafe outbound.pointee.laneReport }

    /// Frames of the lane may come, since the peer has seen an offer.
    var hasOfferedLane: Bool { unsafe inbound.pointee.parser.rules.endsAtLaneFrames }

    /// The socket may bring descriptors.
    var takesDescriptors: Bool {
        unsafe outbound.pointee.laneState.takesDescriptors || end.mayHoldDescriptors
    }
}

// MARK: Coming to an agreement

extension Connection {
    /// Sends the hello with an offer. `false` when none is made, and then the hello is still to be sent.
    mutating func offerLane() -> Bool {
        guard let options = configuration.sharedMemory else { return false }
        do throws(TransportError) {
            let offer = try LaneOffer(options, wait: configuration.wait)
            unsafe try offer.sendHello(maximumFrameLength: outbound.pointee.maximumFrameLength, over: socket.descriptor)
            counters.systemCalls &+= 1
            counters.bytesSent &+= UInt64(Hello.encodedLength)
            laneOffer = consume offer
            unsafe outbound.pointee.laneState = .offered
            return true
        } catch {
            giveUpLane(.unavailable(error.description))
            unsafe inbound.pointee.parser.rules.endsAtLaneFrames = false
            return false
        }
    }

    private mutating func giveUpLane(_ state: LaneState) {
        unsafe outbound.pointee.laneState = state
        laneOffer = nil
        counters.sharedMemoryRefusals &+= 1
        ringipc_refuse_descriptors(socket.descriptor)
        end.mayHoldDescriptors = true
    }

    /// The peer's hello is here: its offer, if there is one, is taken or refused.
    mutating func answerOffer(in hello: Hello) {
        guard unsafe outbound.pointee.laneState.isOffered, let offer = laneOffer.take() else { return }
        guard hello.offersSharedMemory else { return giveUpLane(.notOfferedByPeer) }
        // Nothing follows a goodbye, so there is no answer.
        guard !end.isFinished else { return giveUpLane(.refusedHere("this side had ended its direction before the peer's hello came")) }
        do throws(TransportError) {
            let lane = try offer.accept(from: peer, over: socket.descriptor)
            unsafe outbound.pointee.laneState = .mapped(copiesFrames: lane.copiesFrames)
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
            case .doorbell where isSendingOnLane && !isReceivingOnLane: unsafe inbound.pointee.consume(NativeHeader.length)
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
        if unsafe outbound.pointee.laneState.isRefusedHere { return }
        guard let lane = unsafe outbound.pointee.lane, unsafe !lane.pointee.isAccepted else { throw .unexpectedLaneFrame(.laneAccepted) }
        unsafe lane.pointee.isAccepted = true
        unsafe lane.pointee.outgoingLoans.setPeerLimit(loanLimit)
        switchSending()
    }

    private mutating func peerRefused() throws(TransportError) {
        unsafe inbound.pointee.consume(NativeHeader.length)
        if unsafe outbound.pointee.laneState.isRefusedHere { return }
        guard let lane = unsafe outbound.pointee.lane, unsafe !lane.pointee.isAccepted else { throw .unexpectedLaneFrame(.laneRefused) }
        unsafe outbound.pointee.removeLane()
        counters.sharedMemoryConnections &-= 1
        giveUpLane(.refusedByPeer)
    }

    private mutating func peerSwitched() throws(TransportError) {
        // It has answered, and has been answered, before it switches.
        guard let lane = unsafe outbound.pointee.lane, unsafe lane.pointee.isAccepted, laneAnswer == nil, !isReceivingOnLane else {
            throw .unexpectedLaneFrame(.laneSwitch)
        }
        unsafe inbound.pointee.consume(NativeHeader.length)
        unsafe lane.pointee.isReceiving = true
        unsafe try lane.pointee.takeSocketInput(inbound.pointee.readable)
        unsafe try inbound.pointee.enterLane(lane)
        lookForShortWay()
    }

    /// Everything for the socket is with the kernel: if the peer has agreed, what follows goes into the ring.
    mutating func switchSending() {
        guard let lane = unsafe outbound.pointee.lane, unsafe !lane.pointee.isSending, laneAnswer == nil, unsafe outbound.pointee.isEmpty
        else {
            return
        }
        guard !end.isFinished else { return unsafe lane.pointee.hasSaidGoodbye = true }
        guard unsafe lane.pointee.isAccepted else { return }
        counters.systemCalls &+= 1
        // No loss: a peer that is gone may have read everything, and the next frame finds that out. What it has sent is received first.
        do { guard unsafe try lane.pointee.switchSending() else { return } } catch { return end.sendFailure = error }
        unsafe outbound.pointee.enterRing()
        unsafe outbound.pointee.flushThreshold = min(outbound.pointee.flushThreshold, SharedLane.publishingThreshold)
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
        if received > 0 { try book(received: received) }
        // An end is found again by whoever waits for input; a reset is told once.
        if received == -Int(ECONNRESET) { end.sendFailure = TransportError(systemError: ECONNRESET, during: .receive, on: endpoint) }
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
        if passed != -1 { take(passed) }
        if result == -Int(EAGAIN) { end.mayHoldDescriptors = false }
        return result
    }

    /// One that the peer may offer its shared memory or lend with, or none that anybody expects; negative when there were several.
    private mutating func take(_ passed: Int32) {
        // After a refusal the peer may not know of it yet.
        if !isWanted(passed), !end.mayHoldDescriptors { end.hasSurplusDescriptors = true }
    }

    /// Keeps or closes it.
    private mutating func isWanted(_ passed: Int32) -> Bool {
        guard passed >= 0 else { return false }
        if laneOffer != nil { return laneOffer?.passed.append(passed) == true }
        // Behind the peer's switch, which is not worked off yet.
        if let lane = unsafe outbound.pointee.lane { return unsafe lane.pointee.takePassed(passed) }
        ringipc_close_elsewhere(passed)
        return false
    }

    /// What the drivers do, but on readiness: a receive that is armed in a ring would lose the descriptor.
    mutating func receiveWithDescriptors(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        while true {
            counters.systemCalls &+= 1
            let result = unsafe receiveNow(into: memory)
            if result != -Int(EAGAIN), result != -Int(EINTR) { return result }
            if !takesDescriptors { return unsafe waiting.receive(into: memory, until: deadline) }
            let remaining = deadline.map { max(0, $0 - ringipc_monotonic_nanoseconds()) } ?? -1
            counters.systemCalls &+= 1
            counters.wakeups &+= 1
            let events = ringipc_poll(socket.descriptor, Int16(POLLIN), remaining)
            if events == 0 { return -Int(ETIMEDOUT) }
            if events < 0, events != -EINTR { return Int(events) }
        }
    }
}
