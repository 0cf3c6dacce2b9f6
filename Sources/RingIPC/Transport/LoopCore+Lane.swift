internal import CRingIPC

// How the connections of a loop come to a lane of shared memory. `Docs/SharedMemory.md` tells the steps.

/// What a slot keeps of an offer until the two sides have agreed.
final class LaneSetup {
    var offer: LaneOffer?

    init(_ offer: consuming LaneOffer) { self.offer = consume offer }
}

extension LoopCore where B: ~Copyable {
    /// Sends the hello with an offer. `false` when none is made, and then the hello is still to be sent.
    mutating func offerLane(_ slot: UnsafeMutablePointer<ConnectionSlot>) -> Bool {
        guard let options = configuration.sharedMemory else { return false }
        guard backend.kernel.double == nil else {
            unsafe slot.pointee.outbound.laneState = .unavailable("a simulated kernel has none")
            return false
        }
        do throws(TransportError) {
            let offer = try LaneOffer(options, wait: configuration.wait)
            unsafe try offer.sendHello(maximumFrameLength: slot.pointee.outbound.maximumFrameLength, over: slot.pointee.descriptor)
            statistics.bytesSent &+= UInt64(Hello.encodedLength)
            unsafe slot.pointee.laneSetup = LaneSetup(offer)
            unsafe slot.pointee.outbound.laneState = .offered
            return true
        } catch {
            unsafe giveUpLane(slot, .unavailable(error.description))
            return false
        }
    }

    private mutating func giveUpLane(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ state: LaneState) {
        unsafe slot.pointee.outbound.laneState = state
        unsafe slot.pointee.laneSetup = nil
        statistics.sharedMemoryRefusals &+= 1
        unsafe ringipc_refuse_descriptors(slot.pointee.descriptor)
        unsafe slot.pointee.mayHoldDescriptors = true
    }

    /// The peer's hello is here: its offer, if there is one, is taken or refused.
    mutating func answerOffer(in hello: Hello, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.outbound.laneState.isOffered, let offer = unsafe slot.pointee.laneSetup?.offer.take() else { return }
        guard hello.offersSharedMemory else { return unsafe giveUpLane(slot, .notOfferedByPeer) }
        do throws(TransportError) {
            let lane = try unsafe offer.accept(from: slot.pointee.peer, over: slot.pointee.descriptor)
            unsafe slot.pointee.outbound.laneState = .mapped(copiesFrames: lane.copiesFrames)
            unsafe slot.pointee.outbound.setLane(lane)
            unsafe slot.pointee.laneSetup = nil
            statistics.sharedMemoryConnections &+= 1
            unsafe slot.pointee.outbound.appendLaneAnswer(.laneAccepted)
        } catch {
            unsafe giveUpLane(slot, .refusedHere(error.detail))
            unsafe slot.pointee.outbound.appendLaneAnswer(.laneRefused)
        }
        unsafe markDirty(slot)
    }

    /// Works off a frame of the lane at the front of what the socket brought. Returns how many bytes it took: 0 when there is none, or not all of it.
    mutating func workOffLaneFrame(_ bytes: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>) -> Int {
        guard let frame = unsafe NativeHeader.laneFrame(in: bytes) else { return 0 }
        guard unsafe slot.pointee.outbound.laneState.mayHaveFrames, frame.payloadLength == frame.kind.payloadLength else {
            return unsafe failUnexpected(frame.kind, slot, bytes)
        }
        guard frame.encodedLength <= bytes.count else { return 0 }
        let lane = unsafe slot.pointee.outbound.lane
        switch frame.kind {
        case .laneAccepted where unsafe lane?.pointee.isAccepted == false:
            unsafe lane?.pointee.isAccepted = true
            unsafe lane?.pointee.outgoingLoans.setPeerLimit(NativeHeader.word(0, ofPayloadIn: bytes))
            unsafe switchIfAgreed(slot)
        case .laneRefused where unsafe lane?.pointee.isAccepted == false:
            unsafe slot.pointee.outbound.removeLane()
            statistics.sharedMemoryConnections &-= 1
            unsafe giveUpLane(slot, .refusedByPeer)
        // This side has refused, and the peer did not know it yet.
        case .laneAccepted where unsafe slot.pointee.outbound.laneState.isRefusedHere: break
        case .laneRefused where unsafe slot.pointee.outbound.laneState.isRefusedHere: break
        case .doorbell where unsafe lane?.pointee.isSending == true: break
        // It has answered before it switches.
        case .laneSwitch where unsafe lane?.pointee.isReceiving == false && lane?.pointee.isAccepted == true:
            unsafe lane?.pointee.isReceiving = true
            unsafe activateLane(slot)
        default: return unsafe failUnexpected(frame.kind, slot, bytes)
        }
        return frame.encodedLength
    }

    private mutating func failUnexpected(
        _ kind: FrameKind, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ bytes: UnsafeRawBufferPointer
    ) -> Int {
        unsafe fail(slot, .unexpectedLaneFrame(kind))
        return bytes.count
    }

    /// What the socket brought behind the peer's switch.
    mutating func takeSocketInput(_ bytes: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        do throws(TransportError) {
            unsafe try slot.pointee.outbound.lane?.pointee.takeSocketInput(bytes)
        } catch { unsafe fail(slot, error) }
    }

    /// Everything for the socket is with the kernel: if the peer has agreed, what follows goes into the ring.
    mutating func switchIfAgreed(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard let lane = unsafe slot.pointee.outbound.lane, unsafe lane.pointee.isAccepted, unsafe !lane.pointee.isSending,
            unsafe slot.pointee.outbound.isEmpty, unsafe !slot.pointee.isSendPending, unsafe slot.pointee.phase == .open
        else { return }
        do throws(TransportError) {
            if unsafe try lane.pointee.switchSending() { unsafe slot.pointee.outbound.enterRing() }
        } catch { unsafe sendFailed(slot, error.systemError ?? EPIPE) }
    }

    /// The socket of a connection that has offered a lane is readable.
    mutating func inputReady(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        if let lane = unsafe slot.pointee.outbound.lane, unsafe lane.pointee.isReceiving { return unsafe doorbellRang(slot, lane) }
        guard unsafe !slot.pointee.isPaused else { return }
        // Not a pooled buffer: with io_uring the kernel has them.
        let memory = unsafe laneCopies.memory(of: pool.bufferSize)
        var passed: Int32 = -1
        statistics.systemCalls &+= 1
        let result = unsafe ringipc_receive_descriptor(slot.pointee.descriptor, memory.baseAddress, memory.count, Int32(MSG_DONTWAIT), &passed)
        // After a refusal the peer may not know of it yet.
        if passed != -1, unsafe !takeDescriptor(passed, slot), unsafe !slot.pointee.mayHoldDescriptors {
            return unsafe fail(slot, PassedDescriptors.surplus())
        }
        if unsafe slot.pointee.mayHoldDescriptors { unsafe slot.pointee.mayHoldDescriptors = backend.kernel.hasInput(slot.pointee.descriptor) }
        guard result > 0 else { return unsafe receiveEnded(Int32(result), slot) }
        statistics.bytesReceived &+= UInt64(result)
        unsafe take(UnsafeMutableRawBufferPointer(rebasing: memory[..<result]), slot)
    }

    /// Works off bytes in memory that others need next; what is left is put aside.
    private mutating func take(_ bytes: UnsafeMutableRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.isReading else { return }
        let consumed = unsafe slot.pointee.hasUnread ? 0 : process(bytes, slot)
        let rest = unsafe UnsafeRawBufferPointer(bytes).dropping(consumed)
        guard unsafe !rest.isEmpty, unsafe slot.pointee.isReading else { return }
        let copied = unsafe slot.pointee.backlog.append(rest, from: &spanningBudget)
        statistics.copiedBytes &+= UInt64(copied)
        guard copied < rest.count else { return }
        unsafe fail(
            slot, TransportError(.memoryExhausted, during: .receive, detail: "spanningBudget is used up by frames and by paused connections"))
    }

    /// One that the peer may offer its shared memory or lend with: `false` for any other, and for several (negative), which are closed.
    private func takeDescriptor(_ number: Int32, _ slot: UnsafeMutablePointer<ConnectionSlot>) -> Bool {
        guard number >= 0 else { return false }
        if let setup = unsafe slot.pointee.laneSetup, setup.offer != nil { return setup.offer?.passed.append(number) == true }
        // Behind the peer's switch, which is not worked off yet.
        if let lane = unsafe slot.pointee.outbound.lane { return unsafe lane.pointee.takePassed(number) }
        ringipc_close_elsewhere(number)
        return false
    }

    private mutating func doorbellRang(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ lane: UnsafeMutablePointer<SharedLane>) {
        do throws(TransportError) {
            unsafe try lane.pointee.readSocket()
            unsafe activateLane(slot)
        } catch { unsafe fail(slot, error) }
    }
}

extension TransportError {
    static func unexpectedLaneFrame(_ kind: FrameKind) -> TransportError {
        TransportError(.malformedFrame, during: .receive, detail: "a \(kind) frame came where none can be; the peer is broken or hostile")
    }
}
