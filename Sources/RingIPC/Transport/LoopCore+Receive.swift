internal import CRingIPC

// The way of received bytes: from a completion, through the parser, to the handler.

extension LoopCore where B: ~Copyable {
    mutating func received(_ completion: Completion) {
        guard let slot = unsafe table.find(completion.token) else {
            // Of a connection that is gone. What came goes nowhere, its buffer comes home.
            if completion.buffer != BufferPool.none { pool.giveBack(pool.lend(completion.buffer, length: 0)) }
            return
        }
        let wasDirect = unsafe slot.pointee.isReceiveDirect
        unsafe slot.pointee.isReceiveArmed = completion.isArmed
        if !completion.isArmed { unsafe slot.pointee.isReceiveCancelled = false }
        if wasDirect, unsafe !slot.pointee.isReading { unsafe giveBackInput(slot) }
        if unsafe slot.pointee.isReceiveReadiness, completion.result > 0 {
            unsafe inputReady(slot)
            return unsafe goOn(slot)
        }
        switch completion.result {
        case 1...:
            statistics.bytesReceived &+= UInt64(completion.result)
            if wasDirect {
                unsafe tookDirect(Int(completion.result), slot)
            } else {
                unsafe take(pool.lend(completion.buffer, length: Int(completion.result)), slot)
            }
        default: unsafe receiveEnded(completion.result, slot)
        }
        unsafe goOn(slot)
    }

    /// What a receive came to that brought nothing: 0 at the end of the stream, or a negated errno.
    mutating func receiveEnded(_ result: Int32, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        switch result {
        case 0:
            unsafe slot.pointee.isEndOfStream = true
            // A paused connection still has something to deliver: `resume` tells of the end after it.
            if unsafe !slot.pointee.isPaused { unsafe streamEnded(slot) }
        case -ENOBUFS:
            statistics.bufferShortages &+= 1
            unsafe starved.append(slot.pointee.id)
        case -ECANCELED, -EINTR, -EAGAIN: break
        default:
            let error = TransportError(systemError: -result, during: .receive)
            // A peer that has said goodbye need not wait for ours.
            let isOver = unsafe slot.pointee.isPeerFinished && !slot.pointee.isReading
            if unsafe slot.pointee.isPaused, unsafe slot.pointee.isReading {
                // What came before is still to be delivered: `resume` tells of the error after it.
                unsafe slot.pointee.isEndOfStream = true
                unsafe slot.pointee.sendFailure = slot.pointee.sendFailure ?? error
            } else {
                unsafe finish(slot, isOver ? .finished : .failed(error))
            }
        }
    }

    /// Keeps a receive armed as long as the connection reads, and frees the slot of one that is over.
    mutating func goOn(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        if unsafe slot.pointee.phase == .dead { return unsafe releaseIfQuiet(slot) }
        guard unsafe !slot.pointee.isReceiveArmed, unsafe !slot.pointee.isEndOfStream else { return }
        if unsafe slot.pointee.isReceivingOnLane { return unsafe awaitDoorbell(slot) }
        guard unsafe !slot.pointee.isPaused else { return }
        unsafe armReceive(slot)
    }

    /// The socket of a lane brings doorbells and the end of the peer, also while the connection does not read.
    private mutating func awaitDoorbell(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        if unsafe slot.pointee.outbound.lane?.pointee.isSocketOver == false { unsafe armReadiness(slot) }
    }

    private mutating func armReadiness(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe slot.pointee.isReceiveDirect = false
        unsafe slot.pointee.isReceiveReadiness = true
        unsafe backend.awaitInput(slot.pointee.descriptor, connection: slot.pointee.id)
        unsafe slot.pointee.isReceiveArmed = true
    }

    /// A long frame is received straight into its own memory, everything else into pooled buffers.
    mutating func armReceive(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        let (descriptor, id) = unsafe (slot.pointee.descriptor, slot.pointee.id)
        if unsafe slot.pointee.takesDescriptors { return unsafe armReadiness(slot) }
        unsafe slot.pointee.isReceiveReadiness = false
        if let memory = unsafe directMemory(slot) {
            unsafe slot.pointee.isReceiveDirect = true
            unsafe backend.receive(descriptor, into: memory, connection: id)
        } else {
            // Without a free buffer the kernel would only say so again.
            guard pool.lentCount < pool.count else { return starved.append(id) }
            unsafe slot.pointee.isReceiveDirect = false
            backend.receivePooled(descriptor, connection: id)
        }
        unsafe slot.pointee.isReceiveArmed = true
    }

    /// The kernel is asked to end the armed receive; its last completion is still to come.
    mutating func disarmReceive(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.isReceiveArmed, unsafe !slot.pointee.isReceiveCancelled else { return }
        unsafe slot.pointee.isReceiveCancelled = true
        unsafe backend.cancel(.receive, connection: slot.pointee.id)
    }

    // MARK: From buffers to frames

    /// Works off a lent buffer, and gives it back or holds it.
    mutating func take(_ lease: consuming BufferLease, _ slot: UnsafeMutablePointer<ConnectionSlot>) {
        guard unsafe slot.pointee.isReading else { return pool.giveBack(lease) }
        guard unsafe !slot.pointee.isPaused, unsafe !slot.pointee.hasUnread else { return unsafe park(lease, slot) }
        let consumed = unsafe process(pool.bytes(of: lease), slot)
        let isOver = unsafe !slot.pointee.isReading
        if isOver || consumed == lease.length { return pool.giveBack(lease) }
        lease.consume(consumed)
        unsafe park(lease, slot)
    }

    /// Gives the bytes to the handler, frame by frame. Returns how many were taken: all of them, or the connection is paused or over.
    mutating func process(_ bytes: UnsafeMutableRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>) -> Int {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty, unsafe slot.pointee.isReading {
            if unsafe slot.pointee.isReceivingOnLane {
                unsafe takeSocketInput(UnsafeRawBufferPointer(rest), slot)
                unsafe rest = unsafe rest.dropping(rest.count)
                break
            }
            if unsafe slot.pointee.isPeerFinished {
                unsafe fail(slot, Self.bytesBehindGoodbye)
                break
            }
            if unsafe slot.pointee.isAnswering, unsafe slot.pointee.outbound.queuedBytes > configuration.outboundLimit / 2 {
                unsafe pause(slot)
                break
            }
            let taken: Int
            if unsafe slot.pointee.phase == .awaitingHello || !slot.pointee.spanning.isEmpty {
                taken = unsafe gather(rest, slot)
            } else {
                unsafe rest = unsafe aligned(rest)
                // A batch whose answers are as long as itself fits what the check above leaves free, also when it comes from a long backlog.
                taken = unsafe deliverFrames(
                    in: UnsafeMutableRawBufferPointer(rebasing: rest.prefix(max(1, configuration.outboundLimit / 2))), slot)
            }
            unsafe rest = unsafe rest.dropping(taken)
            if unsafe slot.pointee.isPaused { break }
        }
        let taken = bytes.count - rest.count
        if unsafe !rest.isEmpty, unsafe slot.pointee.isReading { unsafe moveBack(rest, to: bytes.baseAddress! + taken) }
        return taken
    }

    static var bytesBehindGoodbye: TransportError {
        TransportError(.malformedFrame, during: .receive, detail: "bytes follow a goodbye")
    }

    /// What was moved to be aligned and then left is looked for where it had arrived.
    private mutating func moveBack(_ rest: UnsafeMutableRawBufferPointer, to place: UnsafeMutableRawPointer) {
        guard let address = rest.baseAddress, unsafe address != place else { return }
        unsafe place.copyMemory(from: address, byteCount: rest.count)
        statistics.copiedBytes &+= UInt64(rest.count)
    }

    /// Native payloads are 8-byte aligned. After a cut at an odd place the rest of a pooled buffer is not: it is moved down over the
    /// bytes that were already taken.
    private mutating func aligned(_ bytes: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer {
        guard parser.form == .native, let address = bytes.baseAddress else { return unsafe bytes }
        let offset = Int(bitPattern: address) & 7
        guard offset != 0 else { return unsafe bytes }
        let destination = unsafe address - offset
        unsafe destination.copyMemory(from: address, byteCount: bytes.count)
        statistics.copiedBytes &+= UInt64(bytes.count)
        return unsafe UnsafeMutableRawBufferPointer(start: destination, count: bytes.count)
    }

    /// Frames that lie whole in `bytes` go to the handler in one batch; a cut one at the end begins a spanning frame.
    private mutating func deliverFrames(in bytes: UnsafeMutableRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>) -> Int {
        if parser.rules.endsAtLaneFrames {
            let taken = unsafe workOffLaneFrame(UnsafeRawBufferPointer(bytes), slot)
            if taken > 0 { return taken }
        }
        let consumed = unsafe deliver(UnsafeRawBufferPointer(bytes), slot)
        guard unsafe slot.pointee.phase == .open, unsafe !slot.pointee.isPeerFinished else { return bytes.count }
        let rest = unsafe UnsafeRawBufferPointer(bytes).dropping(consumed)
        guard unsafe !rest.isEmpty else { return bytes.count }
        if consumed > 0, parser.rules.endsAtLaneFrames, unsafe NativeHeader.laneFrame(in: rest) != nil { return consumed }
        if let length = unsafe parser.encodedLength(ofFrameBeginningWith: rest), length <= rest.count {
            unsafe askAgain(slot, about: rest)
            return consumed
        }
        unsafe setDeadline(time(after: configuration.frameTimeout), of: slot)
        return unsafe consumed + gather(UnsafeMutableRawBufferPointer(mutating: rest), slot)
    }

    /// One call of the handler. Returns how many bytes it took.
    mutating func deliver(_ bytes: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>) -> Int {
        var batch = unsafe FrameBatch(parser: parser, memory: bytes)
        let framesSent = unsafe slot.pointee.outbound.framesSent
        do {
            try unsafe slot.pointee.handler._withUnsafeGuaranteedRef { try unsafe $0.received(&batch, reply: &slot.pointee.outbound) }
        } catch {
            statistics.framesReceived &+= UInt64(batch.frameCount)
            // An answer to a peer that takes none any more: what it did is the reason, not what the handler made of it.
            unsafe fail(slot, slot.pointee.sendFailure ?? Self.transportError(error))
            return bytes.count
        }
        statistics.framesReceived &+= UInt64(batch.frameCount)
        if batch.frameCount > 0 { unsafe slot.pointee.isAnswering = unsafe slot.pointee.outbound.framesSent != framesSent }
        let (consumed, isFinished) = (batch.consumedCount, batch.isFinished)
        if isFinished { unsafe peerFinished(slot) }
        unsafe afterHandler(slot)
        return consumed
    }

    static func transportError(_ error: any Error) -> TransportError {
        (error as? TransportError)
            ?? TransportError(.handlerFailed, during: .receive, detail: "the handler threw: \(error)")
    }

    // MARK: Frames in several pieces

    /// Takes from `bytes` what the spanning frame, or the hello, still needs. Returns how much that was.
    private mutating func gather(_ bytes: UnsafeMutableRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>) -> Int {
        if unsafe slot.pointee.phase == .awaitingHello, unsafe slot.pointee.spanning.isEmpty {
            // The usual case: the hello came in one piece.
            do {
                let taken = unsafe try takeHello(UnsafeRawBufferPointer(bytes), slot)
                if taken > 0 { return taken }
            } catch {
                unsafe fail(slot, error)
                return bytes.count
            }
        }
        var taken = 0
        while unsafe slot.pointee.isReading {
            let wanted: Int
            do { wanted = unsafe try missingBytes(slot) } catch {
                unsafe fail(slot, error)
                return bytes.count
            }
            if wanted == 0 {
                unsafe completeSpanning(slot)
                return taken
            }
            let piece = unsafe UnsafeRawBufferPointer(bytes).dropping(taken).keeping(wanted)
            if unsafe piece.isEmpty { break }
            let copied = unsafe slot.pointee.spanning.append(piece, from: &spanningBudget)
            statistics.copiedBytes &+= UInt64(copied)
            taken += copied
            if copied < piece.count {
                unsafe lackMemory(slot)
                break
            }
        }
        if unsafe directMemoryWanted(slot) { unsafe disarmReceive(slot) }
        return taken
    }

    /// Bytes that are missing: of the header first, since only it tells the length, then of the whole.
    private mutating func missingBytes(_ slot: UnsafeMutablePointer<ConnectionSlot>) throws(TransportError) -> Int {
        let count = unsafe slot.pointee.spanning.count
        let bytes = unsafe slot.pointee.spanning.bytes
        let length: Int?
        if unsafe slot.pointee.phase == .awaitingHello {
            length = unsafe try Hello.encodedLength(ofHelloBeginningWith: bytes)
        } else {
            if unsafe slot.pointee.spanningLength > 0 { return unsafe slot.pointee.spanningLength - count }
            length = unsafe parser.encodedLength(ofFrameBeginningWith: bytes)
            if length != nil { try unsafe requireAcceptable(bytes) }
        }
        guard let length else {
            return (unsafe slot.pointee.phase == .awaitingHello ? Hello.headerLength : parser.format.headerLength) - count
        }
        unsafe slot.pointee.spanningLength = length
        return length - count
    }

    /// A header alone is enough to refuse a frame: its announced length is never waited for when it is over the limit.
    mutating func requireAcceptable(_ header: UnsafeRawBufferPointer) throws(TransportError) {
        var batch = unsafe FrameBatch(parser: parser, memory: header)
        _ = try batch.next()
    }

    /// Hands over a spanning frame that is whole.
    mutating func completeSpanning(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe setDeadline(.max, of: slot)
        if unsafe slot.pointee.phase == .awaitingHello {
            do { _ = unsafe try takeHello(slot.pointee.spanning.bytes, slot) } catch { return unsafe fail(slot, error) }
            return unsafe dropSpanning(slot)
        }
        // The same for a single long frame, which may need the whole queue.
        let queued = unsafe slot.pointee.outbound.queuedBytes
        if unsafe slot.pointee.isAnswering, queued > 0, unsafe queued + slot.pointee.spanning.count > configuration.outboundLimit {
            return unsafe pause(slot)
        }
        if parser.rules.endsAtLaneFrames, unsafe workOffLaneFrame(slot.pointee.spanning.bytes, slot) > 0 {
            return unsafe dropSpanning(slot)
        }
        let taken = unsafe deliver(slot.pointee.spanning.bytes, slot)
        guard unsafe slot.pointee.isReading else { return }
        if unsafe taken == slot.pointee.spanning.count || slot.pointee.isPeerFinished {
            unsafe dropSpanning(slot)
        } else {
            unsafe askAgain(slot, about: slot.pointee.spanning.bytes)
        }
    }

    /// The handler left a whole frame: it wants to be asked again when its answers are out. But one that cannot be read, and whose
    /// error the handler kept to itself, would be left for ever.
    mutating func askAgain(_ slot: UnsafeMutablePointer<ConnectionSlot>, about frame: UnsafeRawBufferPointer) {
        do { try unsafe requireAcceptable(frame) } catch { return unsafe fail(slot, error) }
        unsafe pause(slot)
    }

    /// A hello that is whole in `bytes` is taken; 0 when it is not.
    private mutating func takeHello(
        _ bytes: UnsafeRawBufferPointer, _ slot: UnsafeMutablePointer<ConnectionSlot>
    ) throws(TransportError) -> Int {
        guard let length = unsafe try Hello.encodedLength(ofHelloBeginningWith: bytes), length <= bytes.count else { return 0 }
        let hello = unsafe try Hello(reading: bytes)
        unsafe setDeadline(.max, of: slot)
        let limit = unsafe min(slot.pointee.outbound.maximumFrameLength, Int(hello.maximumFrameLength))
        unsafe slot.pointee.outbound.maximumFrameLength = limit
        unsafe slot.pointee.phase = .open
        unsafe answerOffer(in: hello, slot)
        unsafe slot.pointee.handler._withUnsafeGuaranteedRef { unsafe $0.opened(&slot.pointee.outbound) }
        unsafe afterHandler(slot)
        return length
    }
}
