internal import CRingIPC

// When a connection does not take input, and how it goes on: back-pressure, want of memory, want of buffers; and long frames,
// which leave the pooled buffers for memory of their own.

extension LoopCore where B: ~Copyable {
    /// The time for a frame that has begun stands still meanwhile: it is we who do not read.
    mutating func pause(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe !slot.pointee.isPaused else { return }
        unsafe slot.pointee.isPaused = true
        unsafe setDeadline(.max, of: slot)
        // What a lane's peer sends waits in its ring.
        if unsafe !slot.pointee.isReceivingOnLane { unsafe disarmReceive(slot) }
        // Without anything to send nothing will wake it: it is asked again next turn.
        if unsafe slot.pointee.outbound.isEmpty, unsafe !slot.pointee.isHeldBack { unsafe resumable.append(slot.pointee.id) }
    }

    /// What the handler asked for by ``Outbound/pauseReceiving()``.
    mutating func holdBackIfAsked(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.outbound.pauseRequested else { return }
        unsafe slot.pointee.outbound.pauseRequested = false
        guard unsafe slot.pointee.isReading else { return }
        unsafe slot.pointee.isHeldBack = true
        unsafe pause(slot)
    }

    mutating func pauseReceiving(_ connection: ConnectionID) {
        guard let slot = unsafe table.find(connection) else { return }
        unsafe slot.pointee.outbound.pauseReceiving()
        unsafe holdBackIfAsked(slot)
    }

    /// It goes on at the end of the next turn.
    mutating func resumeReceiving(_ connection: ConnectionID) {
        guard let slot = unsafe table.find(connection), unsafe slot.pointee.isHeldBack else { return }
        unsafe slot.pointee.isHeldBack = false
        resumable.append(connection)
    }

    /// Over the budget for spanning frames: this connection waits until others have finished theirs. Its frame's deadline goes on. But memory
    /// that the kernel refuses is not given back by anybody here.
    mutating func lackMemory(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        if spanningBudget.isKernelOutOfMemory {
            return unsafe fail(
                slot, TransportError(.memoryExhausted, during: .receive, detail: "the kernel has no memory for a frame that was cut; see RLIMIT_AS"))
        }
        statistics.spanningPauses &+= 1
        unsafe slot.pointee.isPaused = true
        if unsafe !slot.pointee.isReceivingOnLane { unsafe disarmReceive(slot) }
        unsafe waitingForMemory.append(slot.pointee.id)
    }

    /// What was queued is out far enough: a connection that was paused for it goes on at the end of the turn.
    mutating func noteDrained(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.isPaused, unsafe slot.pointee.outbound.queuedBytes <= configuration.outboundLimit / 4 else { return }
        unsafe resumable.append(slot.pointee.id)
    }

    mutating func resumePaused() {
        guard !resumable.isEmpty else { return }
        swap(&current, &resumable)
        defer { current.removeAll() }
        for index in 0..<current.count {
            guard let slot = unsafe table.find(current[index]), unsafe slot.pointee.isPaused, unsafe slot.pointee.isReading else { continue }
            if unsafe !slot.pointee.isHeldBack { unsafe resume(slot) }
        }
    }

    private mutating func resume(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe slot.pointee.isPaused = false
        if unsafe isSpanningComplete(slot) { unsafe completeSpanning(slot) }
        unsafe processBacklog(slot)
        while unsafe !slot.pointee.isPaused, unsafe slot.pointee.isReading, var lease = unsafe pool.takeHeld(from: &slot.pointee.held) {
            let consumed = unsafe process(pool.bytes(of: lease), slot)
            if consumed == lease.length {
                pool.giveBack(lease)
            } else {
                lease.consume(consumed)
                unsafe pool.holdFirst(lease, in: &slot.pointee.held)
            }
        }
        guard unsafe !slot.pointee.isPaused else { return }
        if unsafe slot.pointee.isEndOfStream, unsafe slot.pointee.isReading { unsafe streamEnded(slot) }
        if unsafe !slot.pointee.spanning.isEmpty, unsafe slot.pointee.deadline == .max, unsafe slot.pointee.phase == .open {
            unsafe setDeadline(time(after: configuration.frameTimeout), of: slot)
        }
        unsafe activateLane(slot)
        unsafe goOn(slot)
    }

    private mutating func processBacklog(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe !slot.pointee.backlog.isEmpty, unsafe !slot.pointee.isPaused, unsafe slot.pointee.isReading else { return }
        let all = unsafe slot.pointee.backlog.bytes
        let unread = unsafe UnsafeMutableRawBufferPointer(
            mutating: all.dropping(slot.pointee.backlogStart))
        unsafe slot.pointee.backlogStart += unsafe process(unread, slot)
        if unsafe slot.pointee.backlogStart == slot.pointee.backlog.count { unsafe dropBacklog(slot) }
    }

    private mutating func dropBacklog(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe slot.pointee.backlog.giveBack(to: &spanningBudget)
        unsafe slot.pointee.backlogStart = 0
        wakeThoseWaitingForMemory()
    }

    /// What a paused connection had already received is copied aside and its buffer goes home: connections that do not read their answers must
    /// not use up what the others receive into. Without memory for the copy the buffer itself is kept; all such connections together
    /// keep at most half of the pool, and the one that would exceed it is ended.
    mutating func park(_ lease: consuming BufferLease, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        if unsafe slot.pointee.held.isEmpty {
            let bytes = unsafe pool.bytes(of: lease)
            let copied = unsafe slot.pointee.backlog.append(UnsafeRawBufferPointer(bytes), from: &spanningBudget)
            statistics.copiedBytes &+= UInt64(copied)
            lease.consume(copied)
            if lease.length == 0 { return pool.giveBack(lease) }
        }
        guard 2 * pool.lentCount <= pool.count else {
            pool.giveBack(lease)
            return unsafe fail(
                slot,
                TransportError(
                    .memoryExhausted, during: .receive,
                    detail: "spanningBudget is used up, and paused connections hold half of the \(pool.count) receive buffers"))
        }
        unsafe pool.hold(lease, in: &slot.pointee.held)
    }

    /// What was received and will not be delivered goes home: others may wait for the memory. Not yet a spanning frame that a direct receive is
    /// writing to: the receive is ended first, since its peer may be silent, and the frame goes with its completion.
    mutating func giveBackInput(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe giveBackHeld(slot)
        unsafe dropBacklog(slot)
        if unsafe slot.pointee.isReceiveArmed && slot.pointee.isReceiveDirect { unsafe disarmReceive(slot) } else { unsafe dropSpanning(slot) }
    }

    mutating func dropSpanning(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe slot.pointee.spanning.giveBack(to: &spanningBudget)
        unsafe slot.pointee.spanningLength = 0
        wakeThoseWaitingForMemory()
    }

    private mutating func wakeThoseWaitingForMemory() {
        guard !waitingForMemory.isEmpty else { return }
        resumable.append(contentsOf: waitingForMemory)
        waitingForMemory.removeAll()
    }

    private mutating func giveBackHeld(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        while let lease = unsafe pool.takeHeld(from: &slot.pointee.held) { pool.giveBack(lease) }
    }

    /// Receives that found no buffer begin again as soon as one is home.
    mutating func feedStarved() {
        guard !starved.isEmpty, pool.lentCount < pool.count else { return }
        swap(&current, &starved)
        defer { current.removeAll() }
        for index in 0..<current.count {
            guard let slot = unsafe table.find(current[index]) else { continue }
            unsafe goOn(slot)
        }
    }

    // MARK: Long frames

    /// Whether the rest of the spanning frame is longer than a pooled buffer: then copying it out of buffers costs more than moving the
    /// connection to a receive of its own.
    func directMemoryWanted(_ slot: UnsafeMutablePointer<ConnectionSlot>) -> Bool {
        unsafe slot.pointee.phase == .open && !slot.pointee.isReceiveDirect
            && slot.pointee.spanningLength - slot.pointee.spanning.count > pool.bufferSize
    }

    /// Memory for the next bytes of a long frame; `nil` when pooled buffers serve, or when the budget says no.
    mutating func directMemory(_ slot: UnsafeMutablePointer<ConnectionSlot>) -> UnsafeMutableRawBufferPointer? {
        let missing = unsafe slot.pointee.spanningLength - slot.pointee.spanning.count
        guard unsafe slot.pointee.phase == .open, unsafe !slot.pointee.spanning.isEmpty, missing > 0 else { return nil }
        guard unsafe slot.pointee.isReceiveDirect || missing > pool.bufferSize else { return nil }
        return unsafe slot.pointee.spanning.spare(missing, from: &spanningBudget)
    }

    mutating func tookDirect(_ count: Int, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.isReading else { return }
        unsafe slot.pointee.spanning.markReceived(count)
        guard unsafe isSpanningComplete(slot) else { return }
        unsafe slot.pointee.isReceiveDirect = false
        unsafe completeSpanning(slot)
    }

    func isSpanningComplete(_ slot: UnsafeMutablePointer<ConnectionSlot>) -> Bool {
        unsafe slot.pointee.spanningLength > 0 && slot.pointee.spanning.count == slot.pointee.spanningLength
    }
}
