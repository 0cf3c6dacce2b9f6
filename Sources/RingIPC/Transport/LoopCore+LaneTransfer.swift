internal import CRingIPC

// How frames move between a loop and the rings of its connections. A lane is either active, and its positions are looked at in every turn, or
// it sleeps, and its peer's doorbell makes it active again. So a loop with many lanes looks at those only that have something to say.

extension LoopCore where B: ~Copyable {
    mutating func activateLane(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard let lane = unsafe slot.pointee.outbound.lane, unsafe !slot.pointee.isLaneActive else { return }
        unsafe slot.pointee.isLaneActive = true
        unsafe lane.pointee.wakeUp()
        unsafe activeLanes.append(slot.pointee.id)
    }

    /// What a connection waits for at its lane: frames, unless it does not read; and room, while frames wait for it.
    private func wish(of slot: UnsafeMutablePointer<ConnectionSlot>, _ lane: UnsafeMutablePointer<SharedLane>) -> SharedLane.Wish {
        let isReading = unsafe lane.pointee.isReceiving && slot.pointee.isReading && !slot.pointee.isPaused && !slot.pointee.isEndOfStream
        let wantsRoom = unsafe lane.pointee.isSending && !slot.pointee.outbound.isInRing && !slot.pointee.outbound.isEmpty
        return unsafe SharedLane.Wish(
            isForData: isReading, room: wantsRoom && slot.pointee.phase != .dead ? slot.pointee.outbound.wantedRoom : nil)
    }

    /// One portion of each active lane.
    mutating func serveLanes() {
        swap(&servedLanes, &activeLanes)
        for index in 0..<servedLanes.count {
            guard let slot = unsafe table.find(servedLanes[index]) else { continue }
            unsafe slot.pointee.isLaneActive = false
            unsafe serveLane(slot)
        }
        servedLanes.removeAll()
    }

    private mutating func serveLane(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard let lane = unsafe slot.pointee.outbound.lane else { return }
        if unsafe wish(of: slot, lane).room != nil { unsafe sendOnLane(slot) }
        if unsafe wish(of: slot, lane).isForData { unsafe receiveFromLane(slot, lane) }
        guard unsafe slot.pointee.phase != .dead else { return }
        if unsafe !wish(of: slot, lane).isNone { unsafe activateLane(slot) }
        unsafe count(lane)
    }

    private mutating func count(_ lane: UnsafeMutablePointer<SharedLane>) {
        statistics.systemCalls &+= unsafe lane.pointee.takeCallCount()
        statistics.bytesSent &+= unsafe lane.pointee.takeSentBytes()
    }

    // MARK: Sending

    var hasActiveLane: Bool { !activeLanes.isEmpty }

    /// Publishes what is in the ring, and moves in what waits for it.
    mutating func sendOnLane(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.phase != .dead, let lane = unsafe slot.pointee.outbound.lane else { return }
        do throws(TransportError) {
            let wanted = try unsafe slot.pointee.outbound.moveIntoRing()
            unsafe count(lane)
            if wanted == 0 { return unsafe drained(slot) }
            if unsafe lane.pointee.isSocketOver { return unsafe sendFailed(slot, EPIPE) }
            unsafe activateLane(slot)
        } catch { unsafe fail(slot, error) }
    }

    // MARK: Receiving

    private mutating func receiveFromLane(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ lane: UnsafeMutablePointer<SharedLane>) {
        if unsafe slot.pointee.isAnswering, unsafe slot.pointee.outbound.queuedBytes > configuration.outboundLimit / 2 { return unsafe pause(slot) }
        do throws(TransportError) {
            guard unsafe try lane.pointee.has(.data) else {
                // What was published before the end has been read.
                if unsafe lane.pointee.isSocketOver { unsafe endOfLane(slot) }
                return
            }
            let consumed = unsafe try takePortion(slot, lane)
            statistics.bytesReceived &+= UInt64(consumed)
            unsafe lane.pointee.release(consumed)
            unsafe wakeBeforeSwitch(slot, lane)
        } catch { unsafe fail(slot, error) }
    }

    /// A peer that waits for the room that was given back is not rung before the switch: what is queued for the socket wakes it, or the switch. If
    /// the socket is full, the peer has something to read and does not sleep.
    private mutating func wakeBeforeSwitch(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ lane: UnsafeMutablePointer<SharedLane>) {
        if unsafe !lane.pointee.isSending { unsafe switchIfAgreed(slot) }
    }

    private mutating func endOfLane(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe slot.pointee.isEndOfStream = true
        unsafe streamEnded(slot)
    }

    /// Hands over what lies at the front of the ring. Returns how many bytes of it are done with.
    private mutating func takePortion(
        _ slot: UnsafeMutablePointer<ConnectionSlot>, _ lane: UnsafeMutablePointer<SharedLane>
    ) throws(TransportError) -> Int {
        guard unsafe !slot.pointee.isPeerFinished else { throw Self.bytesBehindGoodbye }
        let all = unsafe UnsafeRawBufferPointer(start: lane.pointee.unread, count: lane.pointee.consumer.count)
        if let frame = unsafe NativeHeader.laneFrame(in: all) { return unsafe try takeLaneFrame(frame, all, slot) }
        guard unsafe slot.pointee.spanningLength == 0 else { throw Inbound.frameBetweenPieces }
        let portion = unsafe all.keeping(lane.pointee.portion)
        let consumed = unsafe try deliverFromLane(portion, slot, lane)
        if consumed > 0 || portion.count == all.count { return consumed }
        // A frame that is longer than a portion.
        return unsafe try deliverFromLane(all, slot, lane)
    }

    private mutating func deliverFromLane(
        _ bytes: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>, _ lane: UnsafeMutablePointer<SharedLane>
    ) throws(TransportError) -> Int {
        let memory = unsafe lane.pointee.copiesFrames ? laneCopies.copy(bytes) : bytes
        if unsafe lane.pointee.copiesFrames { statistics.copiedBytes &+= UInt64(bytes.count) }
        guard let length = unsafe parser.encodedLength(ofFrameBeginningWith: memory), length <= memory.count else {
            guard unsafe bytes.count < lane.pointee.consumer.count else {
                try unsafe requireAcceptable(memory)
                throw Inbound.cutFrame(bytes.count)
            }
            return 0
        }
        let consumed = unsafe deliver(memory, slot)
        guard unsafe slot.pointee.phase == .open, unsafe !slot.pointee.isPeerFinished else { return consumed }
        let rest = unsafe memory.dropping(consumed)
        guard unsafe !rest.isEmpty, unsafe NativeHeader.laneFrame(in: rest) == nil,
            let next = unsafe parser.encodedLength(ofFrameBeginningWith: rest), next <= rest.count
        else { return consumed }
        unsafe askAgain(slot, about: rest)
        return consumed
    }

    private mutating func takeLaneFrame(
        _ frame: NativeHeader.LaneFrame, _ bytes: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>
    ) throws(TransportError) -> Int {
        guard frame.payloadLength == frame.kind.payloadLength ?? frame.payloadLength else { throw .unexpectedLaneFrame(frame.kind) }
        guard frame.encodedLength <= bytes.count else { throw Inbound.cutFrame(bytes.count) }
        let isTaken: Bool
        switch frame.kind {
        case .piece: isTaken = unsafe try takePiece(bytes.dropping(NativeHeader.length).keeping(frame.payloadLength), slot)
        case .loan: isTaken = unsafe try takeLoan(bytes, slot)
        case .loanPoolEnd:
            unsafe try slot.pointee.outbound.lane?.pointee.incomingLoans.endPool(NativeHeader.word(0, ofPayloadIn: bytes))
            isTaken = true
        default: throw .unexpectedLaneFrame(frame.kind)
        }
        return isTaken ? frame.encodedLength : 0
    }

    /// Copies a part of a long frame aside; a whole one is handed over. `false` when the rest of the piece has to wait for memory.
    private mutating func takePiece(
        _ payload: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>
    ) throws(TransportError) -> Bool {
        let rest = unsafe payload.dropping(slot.pointee.pieceTaken)
        let length = unsafe slot.pointee.spanningLength
        guard unsafe !rest.isEmpty, unsafe length == 0 || rest.count <= length - slot.pointee.spanning.count else {
            throw Inbound.malformedPiece("a piece does not fit its frame")
        }
        let copied = unsafe slot.pointee.spanning.append(rest, from: &spanningBudget)
        statistics.copiedBytes &+= UInt64(copied)
        if length == 0, copied > 0 {
            // Of the copy, which the peer cannot change any more.
            unsafe slot.pointee.spanningLength = try Inbound.lengthOfPiecedFrame(slot.pointee.spanning.bytes, parser)
            unsafe setDeadline(time(after: configuration.frameTimeout), of: slot)
        }
        guard copied == rest.count else {
            unsafe slot.pointee.pieceTaken += copied
            unsafe lackMemory(slot)
            return false
        }
        unsafe slot.pointee.pieceTaken = 0
        if unsafe isSpanningComplete(slot) { unsafe completeSpanning(slot) }
        return true
    }
}

// MARK: Waiting

extension LoopCore where B: ~Copyable {
    /// A lane is ready. The kernel is asked as well, but not in every turn: a call of it takes longer than a message on a lane.
    mutating func passKernel() throws(TransportError) {
        turnsWithoutKernel += 1
        guard backend.hasBegun || turnsWithoutKernel >= Self.maximumTurnsWithoutKernel else { return }
        turnsWithoutKernel = 0
        try backend.turn(.poll, pool: &pool, completions: &completions)
    }

    private static var maximumTurnsWithoutKernel: Int { 16 }

    mutating func isAnyLaneReady() -> Bool {
        for index in 0..<activeLanes.count {
            guard let slot = unsafe table.find(activeLanes[index]), let lane = unsafe slot.pointee.outbound.lane else { continue }
            if unsafe isReady(slot, lane) { return true }
        }
        return false
    }

    /// A lie counts as something to be looked at: the turn tells of it.
    private func isReady(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ lane: UnsafeMutablePointer<SharedLane>) -> Bool {
        let wish = unsafe wish(of: slot, lane)
        if wish.isForData, unsafe lane.pointee.isSocketOver { return true }
        return unsafe (try? lane.pointee.has(wish)) ?? true
    }

    /// Looks at the active lanes for as long as a call of the kernel takes. Returns whether one is ready.
    mutating func lookAtLanes() -> Bool {
        for _ in 0..<Self.looksPerPoll {
            if isAnyLaneReady() { return true }
            ringipc_relax()
        }
        return false
    }

    private static var looksPerPoll: Int { 64 }

    /// Announces the sleep of every active lane. `false` when one of them has got something in the meantime.
    mutating func parkLanes() -> Bool {
        var isQuiet = true
        swap(&servedLanes, &activeLanes)
        for index in 0..<servedLanes.count {
            guard let slot = unsafe table.find(servedLanes[index]), let lane = unsafe slot.pointee.outbound.lane else { continue }
            unsafe slot.pointee.isLaneActive = false
            do throws(TransportError) {
                if unsafe try lane.pointee.prepareSleep(wish(of: slot, lane)) {
                    unsafe wakeBeforeSwitch(slot, lane)
                    continue
                }
                isQuiet = false
                unsafe activateLane(slot)
            } catch {
                isQuiet = false
                unsafe fail(slot, error)
            }
        }
        servedLanes.removeAll()
        return isQuiet
    }
}

/// Where frames of peers that are not trusted are copied before anybody looks at them, and what the sockets of lanes bring: one memory for all
/// connections of a loop, as long as the longest that was ever needed, since nothing stays in it.
@safe
struct LaneCopies: ~Copyable {
    private var memory = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit { unsafe memory.deallocate() }

    /// The first `count` bytes of the memory.
    mutating func memory(of count: Int) -> UnsafeMutableRawBufferPointer {
        if unsafe memory.count < count {
            unsafe memory.deallocate()
            unsafe memory = .allocate(byteCount: count, alignment: 64)
        }
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }

    mutating func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let copy = unsafe memory(of: bytes.count)
        unsafe copy.copyMemory(from: bytes)
        return UnsafeRawBufferPointer(copy)
    }
}
