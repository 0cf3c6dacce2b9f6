internal import CRingIPC

// The way of queued frames: at the end of a turn, or when enough is queued, one send per connection.

extension LoopCore where B: ~Copyable {
    /// What the handler asked for: close, flush; or nothing, then its frames leave at the end of the turn.
    mutating func afterHandler(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.phase == .open else { return }
        unsafe holdBackIfAsked(slot)
        if unsafe slot.pointee.outbound.closeRequested { return unsafe beginFinish(slot) }
        let queued = unsafe slot.pointee.outbound.queuedBytes
        // A handler that asks to be called when there is room is called also when nothing is queued at all.
        guard unsafe queued > 0 || slot.pointee.outbound.writableRequested else { return }
        // Into a ring of shared memory nothing is gained by collecting, either.
        if unsafe B.sendsAtOnce || slot.pointee.outbound.flushRequested || slot.pointee.isSendingOnLane {
            unsafe slot.pointee.outbound.flushRequested = false
            unsafe startSend(slot)
        } else {
            // Whole chunks leave now; the one that is being filled waits for the end of the turn.
            if queued >= configuration.coalescing.thresholdBytes { unsafe startSend(slot, atLeast: configuration.coalescing.thresholdBytes) }
            unsafe markDirty(slot)
        }
    }

    mutating func markDirty(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe !slot.pointee.isDirty else { return }
        unsafe slot.pointee.isDirty = true
        unsafe dirty.append(slot.pointee.id)
    }

    mutating func flushDirty() {
        guard !dirty.isEmpty else { return }
        // Sending can call handlers, which can queue again.
        swap(&current, &dirty)
        defer { current.removeAll() }
        for index in 0..<current.count {
            guard let slot = unsafe table.find(current[index]) else { continue }
            unsafe slot.pointee.isDirty = false
            unsafe slot.pointee.outbound.flushRequested = false
            unsafe startSend(slot)
        }
    }

    /// Sends until the socket is full, nothing is left, or the connection had its share of the turn. One send at a time: the kernel
    /// promises no order between two on one socket.
    ///
    /// - Parameter minimum: stop as soon as fewer bytes than this are queued.
    mutating func startSend(_ slot: UnsafeMutablePointer<ConnectionSlot>, atLeast minimum: Int = 0) {
        if unsafe slot.pointee.isSendingOnLane { return unsafe sendOnLane(slot) }
        for _ in 0..<Self.maximumSendsPerTurn {
            guard unsafe slot.pointee.outbound.queuedBytes >= minimum else { return }
            guard unsafe !slot.pointee.isSendPending, unsafe slot.pointee.phase != .dead else { return }
            guard let piece = unsafe slot.pointee.outbound.nextPiece() else { return unsafe drained(slot) }
            switch unsafe backend.send(slot.pointee.descriptor, piece, connection: slot.pointee.id) {
            case .sent(let count):
                unsafe took(count, of: piece.count, slot)
            case .pending:
                unsafe slot.pointee.isSendPending = true
                unsafe slot.pointee.pendingSendLength = piece.count
                return
            case .failed(let number):
                return unsafe sendFailed(slot, -number)
            }
        }
        unsafe markDirty(slot)
    }

    private static var maximumSendsPerTurn: Int { 16 }

    private mutating func took(_ count: Int, of wanted: Int, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        statistics.bytesSent &+= UInt64(count)
        if count < wanted { statistics.shortSends &+= 1 }
        unsafe slot.pointee.outbound.markSent(count)
    }

    mutating func sent(_ completion: Completion) {
        guard let slot = unsafe table.find(completion.token) else { return }
        unsafe slot.pointee.isSendPending = false
        if unsafe slot.pointee.phase == .dead { return unsafe releaseIfQuiet(slot) }
        switch completion.result {
        case 0...:
            unsafe took(Int(completion.result), of: slot.pointee.pendingSendLength, slot)
            unsafe startSend(slot)
        case -EINTR, -EAGAIN, -ECANCELED:
            unsafe startSend(slot)
        default:
            unsafe sendFailed(slot, -completion.result)
        }
    }

    /// Everything queued is with the kernel.
    mutating func drained(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        if unsafe slot.pointee.phase == .finishing {
            // What is in shared memory stays there for the peer, whatever becomes of the socket.
            return unsafe slot.pointee.isSendingOnLane ? finish(slot, .finished) : beginDrain(slot)
        }
        if unsafe slot.pointee.outbound.lane != nil { unsafe switchIfAgreed(slot) }
        unsafe noteDrained(slot)
        guard unsafe slot.pointee.outbound.writableRequested, unsafe slot.pointee.phase == .open else { return }
        unsafe slot.pointee.outbound.writableRequested = false
        unsafe slot.pointee.handler._withUnsafeGuaranteedRef { unsafe $0.writable(&slot.pointee.outbound) }
        unsafe holdBackIfAsked(slot)
        if unsafe slot.pointee.outbound.closeRequested { return unsafe beginFinish(slot) }
        if unsafe !slot.pointee.outbound.isEmpty || slot.pointee.outbound.writableRequested { unsafe markDirty(slot) }
    }

    /// The peer does not take any more. What it sent before may still be here: reading goes on to the end of the stream, and then tells.
    mutating func sendFailed(_ slot: UnsafeMutablePointer<ConnectionSlot>, _ number: Int32) {
        let error = TransportError(systemError: number, during: .send)
        if unsafe slot.pointee.isPeerFinished, unsafe slot.pointee.phase == .finishing {
            // It had said goodbye, and did not wait for ours.
            return unsafe finish(slot, .finished)
        }
        unsafe slot.pointee.sendFailure = error
        unsafe slot.pointee.outbound.discardAll()
        if unsafe !slot.pointee.isReading { return unsafe fail(slot, error) }
        // What a paused connection has not delivered yet is delivered now: nothing is queued any more that it could wait for.
        if unsafe slot.pointee.isPaused { return unsafe noteDrained(slot) }
        if unsafe slot.pointee.isEndOfStream { return unsafe fail(slot, error) }
    }
}
