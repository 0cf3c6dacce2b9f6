// How connections end: in order, by the peer, by an error; and how their slot becomes free.

extension LoopCore where B: ~Copyable {
    /// The peer said goodbye, or ended a stream of a format that has none.
    mutating func peerFinished(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe !slot.pointee.isPeerFinished else { return }
        unsafe slot.pointee.isPeerFinished = true
        if unsafe slot.pointee.phase == .open { unsafe slot.pointee.handler._withUnsafeGuaranteedRef { unsafe $0.finished(&slot.pointee.outbound) } }
    }

    /// The stream ended, and everything before its end was delivered.
    mutating func streamEnded(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        switch unsafe slot.pointee.phase {
        case .dead: return
        case .draining: return unsafe finish(slot, .finished)
        case .finishing: return
        case .awaitingHello, .open: break
        }
        if unsafe !slot.pointee.isPeerFinished {
            if unsafe !slot.pointee.spanning.isEmpty {
                return unsafe fail(
                    slot,
                    TransportError(
                        .truncatedFrame, during: .receive,
                        detail: "the stream ended inside a frame, of which \(slot.pointee.spanning.count) bytes had come"))
            }
            guard parser.form != .native else {
                return unsafe fail(
                    slot,
                    slot.pointee.sendFailure
                        ?? TransportError(
                            .peerClosedAbruptly, during: .receive,
                            detail: "the stream ended without a goodbye; the peer died, or was cut off"))
            }
            unsafe peerFinished(slot)
        }
        if let error = unsafe slot.pointee.sendFailure { return unsafe fail(slot, error) }
        unsafe afterHandler(slot)
    }

    /// Our side ends in order: what is queued goes out, then the goodbye.
    mutating func beginFinish(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.isReading else { return }
        unsafe slot.pointee.phase = .finishing
        unsafe giveBackInput(slot)
        if parser.form == .native {
            unsafe slot.pointee.outbound.appendControl(.goodbye)
        }
        unsafe slot.pointee.outbound.seal()
        unsafe setDeadline(time(after: configuration.drainTimeout), of: slot)
        if unsafe slot.pointee.isPaused {
            unsafe slot.pointee.isPaused = false
            unsafe goOn(slot)
        }
        unsafe startSend(slot)
    }

    /// Everything is sent. Our direction is shut down; input is dropped until the peer has read all or has ended, since closing a
    /// socket with unread input turns into a reset at the peer, in the place of the end.
    mutating func beginDrain(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe slot.pointee.phase = .draining
        unsafe drainDeadlines[slot.pointee.id] = time(after: configuration.drainTimeout)
        unsafe backend.kernel.shutdown(slot.pointee.descriptor, .sending)
        if unsafe slot.pointee.isEndOfStream { return unsafe finish(slot, .finished) }
        unsafe setDeadline(now + Self.drainInterval, of: slot)
    }

    /// The kernel does not tell when the peer has read everything, so it is asked now and then. Input that the armed receive has not brought
    /// yet, the peer's own goodbye say, is waited for: a close would answer it with a reset.
    mutating func lookAtDrain(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        let end = unsafe drainDeadlines[slot.pointee.id] ?? now
        let isTaken = unsafe backend.kernel.unreadBytes(slot.pointee.descriptor) <= 0 && !backend.kernel.hasInput(slot.pointee.descriptor)
        if isTaken || now >= end { return unsafe finish(slot, .finished) }
        unsafe setDeadline(now + Self.drainInterval, of: slot)
    }

    private static var drainInterval: Int64 { 2_000_000 }

    mutating func fail(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ error: TransportError) {
        unsafe finish(slot, .failed(error))
    }

    /// The handler hears of the end, once; then the slot is freed as soon as the kernel has let go of it.
    mutating func finish(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ reason: CloseReason) {
        guard unsafe slot.pointee.phase != .dead else { return }
        unsafe slot.pointee.phase = .dead
        unsafe drainDeadlines[slot.pointee.id] = nil
        unsafe slot.pointee.deadline = .max
        unsafe giveBackInput(slot)
        unsafe slot.pointee.handler._withUnsafeGuaranteedRef { $0.closed(reason) }
        // Ends a receive and a send that are under way.
        if unsafe slot.pointee.isBusyInKernel {
            unsafe backend.kernel.shutdown(slot.pointee.descriptor, .both)
            unsafe disarmReceive(slot)
            if unsafe slot.pointee.isSendPending { unsafe backend.cancel(.send, connection: slot.pointee.id) }
        }
        // Not now: the caller may still look at the slot.
        unsafe ended.append(slot.pointee.id)
    }

    mutating func releaseEnded() {
        guard !ended.isEmpty else { return }
        swap(&current, &ended)
        defer { current.removeAll() }
        for index in 0..<current.count {
            if let slot = unsafe table.find(current[index]) { unsafe releaseIfQuiet(slot) }
        }
    }

    mutating func releaseIfQuiet(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe !slot.pointee.isBusyInKernel, unsafe slot.pointee.phase == .dead else { return }
        let (id, descriptor) = unsafe (slot.pointee.id, slot.pointee.descriptor)
        statistics.framesSent &+= unsafe slot.pointee.outbound.framesSent
        unsafe giveBackInput(slot)
        backend.detach(descriptor, connection: id)
        unsafe slot.pointee.handler.release()
        // With its lane, whose last word is said before the socket ends.
        table.remove(id)
        backend.kernel.close(descriptor)
        if acceptRetry != .max { acceptRetry = now }
    }
}
