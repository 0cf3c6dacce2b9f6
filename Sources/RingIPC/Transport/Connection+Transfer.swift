internal import CRingIPC

// What moves bytes between a blocking connection's queues and its socket.

extension Connection {
    /// Payloads from this length on are sent from the caller's memory: below it, the call costs more than the copy.
    @usableFromInline static var directSendLength: Int { 32 << 10 }

    /// A frame for which there is no room where the last one ended, or that is long.
    @usableFromInline
    @inline(never)
    mutating func sendElsewhere(reserving count: Int, _ write: (inout MutableRawSpan) -> Void) throws(TransportError) {
        if unsafe try outbound.pointee.sendByLoan(count, write) {
            _ = try flushLane(until: nil)
            return
        }
        if count >= Self.directSendLength { try prepareLongFrame(count) }
        unsafe try outbound.pointee.sendQueued(reserving: count, write)
        if unsafe outbound.pointee.isAtThreshold { try flushToThreshold() }
    }

    @usableFromInline
    @inline(never)
    mutating func sendDirectly(_ bytes: RawSpan) throws(TransportError) {
        // A header waits behind what is queued, so that must fit; the payload itself is never in the queue.
        try flush(until: nil)
        if isSendingOnLane { return try sendIntoRing(bytes) }
        unsafe try outbound.pointee.requireSendable(bytes.byteCount)
        let header = unsafe outbound.pointee.encoder.headerLength
        if header > 0 {
            unsafe outbound.pointee.appendControl(length: header) { [encoder = outbound.pointee.encoder] in
                unsafe encoder.writeHeader(payloadLength: bytes.byteCount, to: $0)
            }
        }
        unsafe outbound.pointee.framesSent &+= 1
        // The header is sent together with the payload. Both are out, or the connection is broken, when this returns.
        try unsafe bytes.withUnsafeBytes { payload throws(TransportError) in
            try unsafe transmit(payload)
        }
        let padding = unsafe outbound.pointee.encoder.paddingLength(ofPayload: bytes.byteCount)
        if padding > 0 {
            unsafe outbound.pointee.appendControl(length: padding) {
                unsafe $0.initializeMemory(as: UInt8.self, repeating: 0, count: padding)
            }
        }
    }

    /// Sends the queued header and the payload, vectored, until all is out.
    private mutating func transmit(_ payload: UnsafeRawBufferPointer) throws(TransportError) {
        var rest = unsafe payload
        while unsafe !rest.isEmpty {
            let queued = unsafe outbound.pointee.nextPiece() ?? UnsafeRawBufferPointer(start: nil, count: 0)
            counters.systemCalls &+= 1
            var pieces = unsafe (
                iovec(iov_base: UnsafeMutableRawPointer(mutating: queued.baseAddress), iov_len: queued.count),
                iovec(iov_base: UnsafeMutableRawPointer(mutating: rest.baseAddress), iov_len: rest.count)
            )
            let result = unsafe withUnsafeMutablePointer(to: &pieces) { pointer in
                unsafe pointer.withMemoryRebound(to: iovec.self, capacity: 2) { vector in
                    // An empty first piece is left out.
                    let first = unsafe queued.isEmpty ? 1 : 0
                    return unsafe ringipc_send_vectored(
                        socket.descriptor, vector + first, 2 - first, Int32(MSG_DONTWAIT))
                }
            }
            guard try accept(sendResult: result, of: queued.count + rest.count, until: nil) else { continue }
            let fromQueue = min(result, queued.count)
            if fromQueue > 0 { unsafe outbound.pointee.markSent(fromQueue) }
            unsafe rest = unsafe rest.dropping(result - fromQueue)
        }
    }

    /// Sends whole chunks. The one that is being filled stays, so that it leaves as a whole, too.
    @usableFromInline
    @inline(never)
    mutating func flushToThreshold() throws(TransportError) {
        if hasOfferedLane { return try flushLaneToThreshold() }
        while unsafe outbound.pointee.isAtThreshold, try sendPiece(until: nil) {}
    }

    mutating func flush(until deadline: Int64?) throws(TransportError) {
        if hasOfferedLane, try flushLane(until: deadline) { return }
        while try sendPiece(until: deadline) {}
        guard hasOfferedLane else { return }
        try lookForAnswer()
        // The answer: no loss where there is nobody to read it.
        do { while try sendPiece(until: deadline) {} } catch  where error.code == .connectionReset { sendFailed(error) }
        switchSending()
    }

    /// Sends what the kernel takes of the next chunk. `false` when nothing is queued.
    mutating func sendPiece(until deadline: Int64?) throws(TransportError) -> Bool {
        guard let piece = unsafe outbound.pointee.nextPiece() else { return false }
        counters.systemCalls &+= 1
        let result = unsafe ringipc_send(socket.descriptor, piece.baseAddress, piece.count, Int32(MSG_DONTWAIT))
        if try accept(sendResult: result, of: piece.count, until: deadline) { unsafe outbound.pointee.markSent(result) }
        return true
    }

    /// Books a send, or waits until the next one has a chance. Returns whether bytes were taken.
    private mutating func accept(sendResult: Int, of count: Int, until deadline: Int64?) throws(TransportError) -> Bool {
        switch sendResult {
        case 0...:
            counters.bytesSent &+= UInt64(sendResult)
            if sendResult < count { counters.shortSends &+= 1 }
            return true
        case -Int(EINTR): return false
        case -Int(EAGAIN):
            try awaitRoom(until: deadline)
            return false
        default:
            throw TransportError(systemError: Int32(-sendResult), during: .send, on: endpoint)
        }
    }

    /// The socket is full. Waits for room, and takes input meanwhile, as far as there is memory for it.
    private mutating func awaitRoom(until deadline: Int64?) throws(TransportError) {
        // What a lane's peer sends waits in its ring; the socket brings doorbells.
        let isOnLane = isReceivingOnLane
        let memory = end.isInputOver || isOnLane ? nil : unsafe try? inbound.pointee.memoryForReceive()
        let takesInput = unsafe isOnLane ? !end.isInputOver : !(memory?.isEmpty ?? true)
        let events = Int16(POLLOUT) | (takesInput ? Int16(POLLIN) : 0)
        let remaining = deadline.map { max(0, $0 - ringipc_monotonic_nanoseconds()) } ?? -1
        // A spinning connection asks again and again instead of sleeping.
        let timeout = configuration.wait == .spin ? 0 : remaining
        counters.systemCalls &+= 1
        let result = ringipc_poll(socket.descriptor, events, timeout)
        if result < 0 && result != -EINTR { throw TransportError(systemError: -result, during: .send, on: endpoint) }
        // Input, too, ends the wait: without this a peer that only sends would keep it up for ever.
        if result <= 0 || result & POLLOUT == 0, let deadline, ringipc_monotonic_nanoseconds() >= deadline {
            throw TransportError(
                .timedOut, during: .send, on: endpoint,
                detail: unsafe "the peer has not read; \(outbound.pointee.queuedBytes) bytes are still queued")
        }
        if isOnLane, result > 0, result & POLLIN != 0 {
            try readLaneSocket()
            end.isInputOver = unsafe outbound.pointee.lane?.pointee.isSocketOver == true
        }
        guard result > 0, result & POLLIN != 0, let memory = unsafe memory, unsafe !memory.isEmpty else { return }
        counters.systemCalls &+= 1
        let received = unsafe receiveNow(into: memory)
        if received > 0 { return try book(received: received) }
        // An end of stream or an error is found again by the next receive, which can say it. Until then there is nothing to wait for.
        if received != -Int(EAGAIN), received != -Int(EINTR) { end.isInputOver = true }
    }

    mutating func book(received: Int) throws(TransportError) {
        if end.hasSurplusDescriptors { throw PassedDescriptors.surplus() }
        unsafe inbound.pointee.markReceived(received)
        counters.bytesReceived &+= UInt64(received)
        guard unsafe inbound.pointee.isAwaitingHello, let hello = unsafe try inbound.pointee.takeHello() else { return }
        let limit = unsafe min(outbound.pointee.maximumFrameLength, Int(hello.maximumFrameLength))
        unsafe outbound.pointee.maximumFrameLength = limit
        answerOffer(in: hello)
    }

    /// What is left cannot be sent; what the peer has sent before is received first.
    private mutating func sendFailed(_ error: TransportError) {
        end.sendFailure = error
        unsafe outbound.pointee.discardQueued()
    }

    /// Waits for bytes. `false` at an orderly end.
    mutating func fill(until deadline: Int64?) throws(TransportError) -> Bool {
        queueLaneAnswer()
        if unsafe !outbound.pointee.isEmpty {
            let receivedBefore = counters.bytesReceived
            var isMoreThere = false
            do { isMoreThere = try flushBeforeReceive(until: deadline) } catch  where error.code == .connectionReset { sendFailed(error) }
            if isMoreThere { return true }
            // What the flush took in meanwhile may be all that is waited for.
            if counters.bytesReceived != receivedBefore { return true }
        }
        let limit = earliest(deadline)
        if isReceivingOnLane { return try fillFromLane(until: limit, askedFor: deadline) }
        let memory = unsafe try inbound.pointee.memoryForReceive()
        let result = unsafe takesDescriptors ? receiveWithDescriptors(into: memory, until: limit) : receive(into: memory, until: limit)
        switch result {
        case 1...:
            try book(received: result)
            return true
        case 0: return try finish()
        case -Int(ETIMEDOUT): throw timeout(deadline)
        default: throw TransportError(systemError: Int32(-result), during: .receive, on: endpoint)
        }
    }

    private mutating func receive(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        unsafe moderation.isOn ? receiveModerated(into: memory, until: deadline) : waiting.receive(into: memory, until: deadline)
    }

    /// Pauses before it looks; the deadline bounds the pause, too. Nothing is under way meanwhile.
    private mutating func receiveModerated(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        if let end = moderation.pauseEnd(at: ringipc_monotonic_nanoseconds()) {
            counters.systemCalls &+= 1
            ringipc_sleep_until(min(end, deadline ?? .max))
        }
        let result = unsafe waiting.receive(into: memory, until: deadline)
        moderation.took(result, isAll: result < memory.count, at: ringipc_monotonic_nanoseconds())
        return result
    }

    /// The caller's deadline, or that of the hello or of the frame that has begun, whichever is first.
    private mutating func earliest(_ deadline: Int64?) -> Int64? {
        var limit = deadline ?? .max
        if unsafe inbound.pointee.isAwaitingHello {
            limit = min(limit, end.helloDeadline)
        } else if unsafe inbound.pointee.partialCount > 0 {
            if unsafe end.framesBefore != inbound.pointee.framesReceived {
                end.framesBefore = unsafe inbound.pointee.framesReceived
                end.frameDeadline = Self.deadline(after: configuration.frameTimeout)
            }
            limit = min(limit, end.frameDeadline)
        }
        return limit == .max ? nil : limit
    }

    mutating func timeout(_ deadline: Int64?) -> TransportError {
        let now = ringipc_monotonic_nanoseconds()
        if let deadline, now >= deadline {
            return TransportError(.timedOut, during: .receive, on: endpoint, detail: "no frame came in time")
        }
        return unsafe inbound.pointee.isAwaitingHello
            ? TransportError(
                .timedOut, during: .handshake, on: endpoint,
                detail: "the peer sent no hello within \(configuration.helloTimeout); does it speak the native format?")
            : TransportError(
                .timedOut, during: .receive, on: endpoint,
                detail: "a frame that had begun did not end within \(configuration.frameTimeout)")
    }

    /// The stream ended. In order only after a goodbye, or between frames of a format that has none.
    mutating func finish() throws(TransportError) -> Bool {
        guard unsafe inbound.pointee.partialCount == 0 else {
            throw TransportError(
                .truncatedFrame, during: .receive, on: endpoint,
                detail: unsafe "the stream ended inside a frame, of which \(inbound.pointee.partialCount) bytes had come")
        }
        if let failure = end.sendFailure { throw failure }
        guard configuration.format != .native else {
            throw TransportError(
                .peerClosedAbruptly, during: .receive, on: endpoint,
                detail: "the stream ended without a goodbye; the peer died, or was cut off")
        }
        end.isPeerFinished = true
        return false
    }

    /// Whether the peer's goodbye has been read, or stands behind frames that nobody has read; these are dropped. Asked when the peer has closed
    /// its socket, so that there is an end to what can come; but one that is hostile can go on writing into its ring.
    mutating func hasPeerSaidGoodbye(until deadline: Int64) -> Bool {
        while !end.isPeerFinished, ringipc_monotonic_nanoseconds() < deadline {
            var batch = unsafe FrameBatch(parser: inbound.pointee.parser, memory: inbound.pointee.readable)
            do { while try batch.next() != nil {} } catch { return false }
            end.isPeerFinished = batch.isFinished
            let consumed = batch.consumedCount
            unsafe inbound.pointee.consume(consumed)
            guard !end.isPeerFinished else { break }
            if hasOfferedLane {
                guard let isPiece = try? workOffLaneFrames() else { return false }
                if isPiece { continue }
                guard let isMore = try? takeMoreOfLane() else { return false }
                if isMore { continue }
                // Nothing but doorbells comes by the socket.
                if isReceivingOnLane { return false }
            }
            guard let memory = unsafe try? inbound.pointee.memoryForReceive() else { return false }
            let received = unsafe receiveNow(into: memory)
            guard received > 0, (try? book(received: received)) != nil else { return false }
        }
        return end.isPeerFinished
    }

    /// Drops input until the peer has ended, or has read all that we sent: then a close cannot cost it anything.
    mutating func drain(until deadline: Int64) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 16)
        defer { unsafe memory.deallocate() }
        while ringipc_monotonic_nanoseconds() < deadline {
            let result = unsafe receiveNow(into: memory)
            if result > 0 || result == -Int(EINTR) { continue }
            guard result == -Int(EAGAIN), ringipc_unread_bytes(socket.descriptor) > 0 else { return }
            // The kernel does not tell when the peer has read; it does tell when the peer closes or sends.
            _ = ringipc_poll(socket.descriptor, Int16(POLLIN), 1_000_000)
        }
    }
}
