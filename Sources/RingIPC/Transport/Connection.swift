internal import CRingIPC

/// One connection, used by the thread that opened it: there is no thread behind your back, and nothing happens between your calls.
///
/// ```swift
/// var connection = try Connection(connectingTo: .path("/run/echo.sock"))
/// try connection.send("hello".utf8Span.span.bytes)
/// try connection.receive { frame, reply in print(frame.count) }
/// try connection.close()
/// ```
///
/// Frames are queued by ``send(_:)`` and leave together: when ``CoalescingPolicy/thresholdBytes`` are queued, at ``flush(within:)``, or
/// before ``receive(within:_:)`` waits. A connection that goes out of scope without ``close()`` is cut off: the peer sees an abrupt end.
///
/// After an error a connection can only be given up, with these exceptions, after which it goes on: `timedOut` by a time that the caller gave,
/// and `frameTooLong`, `outboundFull`, `closed` and `invalidConfiguration` when sending.
@safe
public struct Connection: ~Copyable {
    let socket: Socket
    /// Whom this connection was opened to; `nil` for an accepted one.
    public let endpoint: Endpoint?
    /// Who is at the other end; `nil` where the kernel does not say.
    public let peer: PeerCredentials?
    /// Behind pointers, so that inlined code reaches them without carrying their ends with it, and moving a connection moves little.
    @usableFromInline var inbound: UnsafeMutablePointer<Inbound>
    @usableFromInline var outbound: UnsafeMutablePointer<Outbound>
    var waiting: Waiting
    var moderation: WakeModeration
    var end = EndState()
    var counters = Statistics()
    /// Shared memory that is offered, until the peer's hello is there.
    var laneOffer: LaneOffer?
    /// What is to be said to the peer's offer.
    var laneAnswer: FrameKind?
    var laneSpinBudget: SpinBudget
    /// Both directions are in shared memory, and frames are read in place.
    @usableFromInline var hasShortWay = false
    let configuration: Configuration
    /// Which interface of the kernel this connection waits with, and why.
    public let backend: BackendReport

    /// What is known about the end of each direction.
    struct EndState {
        /// Until when the peer's hello has to be here.
        var helloDeadline: Int64 = .max
        /// Until when the frame that has begun has to be complete, and how many frames came before it.
        var frameDeadline: Int64 = .max
        var framesBefore: UInt64 = .max
        /// The peer said goodbye, or ended a stream of a format that has none.
        var isPeerFinished = false
        /// A flush found that no more input can come.
        var isInputOver = false
        /// The peer takes no more. What it sent before is received first, and then this is thrown.
        var sendFailure: TransportError?
        /// Our goodbye is queued.
        var isFinished = false
        /// The socket may still hold descriptors that were passed before they were refused.
        var mayHoldDescriptors = false
        /// The peer has passed descriptors that nobody expects.
        var hasSurplusDescriptors = false
    }

    /// Connects to a server, or takes over a connected descriptor. Does not wait for the peer's hello: the first receive does.
    ///
    /// - Throws: ``TransportError``: `invalidConfiguration`, `invalidEndpoint`, `notFound`, `connectionRefused`, `accessDenied`, `notASocket`,
    ///   `incompatiblePeer` when the name is that of a datagram socket, `timedOut` when the server's listen queue stays full for
    ///   ``Configuration/connectTimeout``, `descriptorsExhausted`, `memoryExhausted`, `backendUnavailable`, and `systemFailure` for whatever
    ///   else connect(2) says.
    public init(connectingTo endpoint: Endpoint, configuration: Configuration = Configuration()) throws(TransportError) {
        try configuration.validate()
        let socket = try Socket.connect(
            to: endpoint, timeout: configuration.connectTimeout, takesDescriptors: configuration.sharedMemory != nil)
        let peer = try? socket.peerCredentials(during: .connect)
        try self.init(socket, endpoint: endpoint, peer: peer, configuration: configuration)
    }

    init(
        _ socket: consuming Socket, endpoint: Endpoint?, peer: PeerCredentials?, configuration: Configuration
    ) throws(TransportError) {
        let waiting = try Waiting(for: socket.descriptor, configuration: configuration)
        let inbound = try Inbound(configuration: configuration)
        self.socket = socket
        self.endpoint = endpoint
        self.peer = peer
        backend = waiting.report
        self.waiting = waiting
        moderation = WakeModeration(configuration.wait)
        unsafe self.inbound = .allocate(capacity: 1)
        unsafe self.inbound.initialize(to: inbound)
        self.configuration = configuration
        unsafe outbound = .allocate(capacity: 1)
        unsafe outbound.initialize(
            to: Outbound(configuration: configuration, pool: OutboundChunkPool(maximumFreeCount: 4), connection: .unlisted))
        unsafe outbound.pointee.flushThreshold = min(configuration.coalescing.thresholdBytes, configuration.outboundLimit)
        unsafe outbound.pointee.directThreshold = Self.directSendLength
        laneSpinBudget = SpinBudget(configuration.wait)
        if configuration.format == .native {
            if !offerLane() {
                let hello = unsafe Hello(maximumFrameLength: outbound.pointee.maximumFrameLength)
                unsafe outbound.pointee.appendControl(length: Hello.encodedLength) { unsafe hello.write(to: $0) }
            }
            end.helloDeadline = Self.deadline(after: configuration.helloTimeout)
        }
    }

    deinit {
        if let lane = unsafe outbound.pointee.lane { unsafe inbound.pointee.releaseConsumed(&lane.pointee) }
        unsafe inbound.deinitialize(count: 1)
        unsafe inbound.deallocate()
        unsafe outbound.deinitialize(count: 1)
        unsafe outbound.deallocate()
    }

    /// What this connection did so far.
    public var statistics: Statistics {
        var statistics = counters
        statistics.framesReceived = unsafe inbound.pointee.framesReceived
        statistics.framesSent = unsafe outbound.pointee.framesSent
        statistics.copiedBytes = unsafe inbound.pointee.copiedBytes
        let waits = waiting.counters
        statistics.systemCalls &+= waits.systemCalls
        statistics.wakeups &+= waits.wakeups
        statistics.lane = lane
        if let lane = unsafe outbound.pointee.lane {
            statistics.systemCalls &+= unsafe lane.pointee.callCount
            statistics.bytesSent &+= unsafe lane.pointee.producer.position &+ lane.pointee.outgoingLoans.sentBytes
            statistics.bytesReceived &+= unsafe lane.pointee.consumer.position &+ lane.pointee.incomingLoans.receivedBytes
        }
        return statistics
    }

    /// How far the peer has gone, as the kernel knows it at this moment. Input that it sent before may still wait to be received.
    public var peerState: PeerState {
        let events = ringipc_poll(socket.descriptor, Int16(truncatingIfNeeded: ringipc_poll_peer_closed()), 0)
        if events < 0 || events & (POLLHUP | POLLERR) != 0 { return .closed }
        return events == 0 ? .open : .finishedSending
    }

    static func deadline(after duration: Duration) -> Int64 { duration.after(ringipc_monotonic_nanoseconds()) }
}

// MARK: Sending

extension Connection {
    /// Queues a frame with a copy of `bytes`. Sends when enough is queued; on a socket a payload of 32 KiB or more is sent from where it is, without
    /// a copy. The bytes are the caller's again when this returns. In shared memory, with a strategy that spins, the first frame after a receive that
    /// waited leaves at once.
    ///
    /// Waits while the peer does not read, for as long as that takes.
    ///
    /// - Parameter bytes: the payload; empty for an empty frame.
    /// - Throws: ``TransportError``: `frameTooLong`, `outboundFull`, `closed` after ``finishSending()``, in which cases nothing was queued; and
    ///   what ``flush(within:)`` throws.
    @inlinable
    public mutating func send(_ bytes: RawSpan) throws(TransportError) {
        guard bytes.byteCount < Self.directSendLength else { return try sendDirectly(bytes) }
        unsafe try outbound.pointee.send(bytes)
        if unsafe outbound.pointee.isAtThreshold { try flushToThreshold() }
    }

    /// Queues a frame whose payload of `count` bytes is produced in place: `write` gets the memory that the kernel will send, and
    /// writes all of it. Bytes that it leaves alone have an arbitrary value.
    ///
    /// - Parameters:
    ///   - count: bytes of payload, not negative.
    ///   - write: called once, before this returns. The memory cannot be kept.
    /// - Throws: as ``send(_:)``.
    @inlinable
    @inline(__always)
    public mutating func send(reserving count: Int, _ write: (inout MutableRawSpan) -> Void) throws(TransportError) {
        guard unsafe outbound.pointee.sendInPlace(count, write) else { return try sendElsewhere(reserving: count, write) }
        if unsafe outbound.pointee.isAtThreshold { try flushToThreshold() }
    }

    /// Queues Qt's null array, which differs from an empty one.
    ///
    /// - Throws: ``TransportError``: `invalidConfiguration` in any format but `qByteArray`; else as ``send(_:)``.
    public mutating func sendNull() throws(TransportError) {
        unsafe try outbound.pointee.sendNull()
        if unsafe outbound.pointee.isAtThreshold { try flushToThreshold() }
    }

    /// Sends all that is queued, and returns when the kernel has taken it.
    ///
    /// While the peer does not read, this waits, and takes in what the peer sends meanwhile, so that two sides that both send
    /// much do not wait for each other for ever.
    /// - Parameter timeout: how long to wait; for ever when it is `nil`.
    /// - Throws: ``TransportError``: `connectionReset` when the peer is gone; `timedOut` when `timeout` passes first, the rest then stays queued and
    ///   a later call goes on with it. What was taken in meanwhile may also be wrong: `incompatiblePeer`.
    public mutating func flush(within timeout: Duration? = nil) throws(TransportError) {
        let deadline = timeout.map { Self.deadline(after: $0) }
        try flush(until: deadline)
    }

    /// Ends our direction: queued frames and the goodbye are sent. The peer can go on sending, and ``receive(within:_:)`` goes on working.
    ///
    /// - Throws: ``TransportError``: as ``flush(within:)`` without a time.
    public mutating func finishSending() throws(TransportError) {
        queueGoodbye()
        try flush()
        // Doorbells still have to pass, also for a lane that only the peer uses.
        guard unsafe outbound.pointee.lane == nil else { return }
        _ = ringipc_shutdown(socket.descriptor, Int32(SHUT_WR))
    }
}

// MARK: Receiving

extension Connection {
    /// Waits for the next frame and lends it to `body`, together with the outbound side, so that it can be answered in place.
    ///
    /// Everything queued is sent before this waits. The view ends with `body`; what has to live longer is copied.
    ///
    /// - Parameters:
    ///   - timeout: how long to wait for bytes; for ever when it is `nil`. A frame
    ///     that has begun has to end within ``Configuration/frameTimeout`` in any case, and the hello has to be here within
    ///     ``Configuration/helloTimeout``.
    ///   - body: called once with the frame. What it queues leaves with the next receive that waits, or at ``flush(within:)``;
    ///     ``Outbound/flush()`` and ``Outbound/notifyWhenWritable()`` are for loops. The frame is taken off also when it throws.
    /// - Returns: what `body` returns; `nil` when the peer has ended the stream in order.
    /// - Throws: what `body` throws, or ``TransportError``: `timedOut`; `malformedFrame`, `frameTooLong`, `incompatiblePeer` for what the peer
    ///   sent; `peerClosedAbruptly`, `truncatedFrame`, `connectionReset` for how it went away.
    @inlinable
    @inline(__always)
    public mutating func receive<R>(
        within timeout: Duration? = nil, _ body: (FrameView, inout Outbound) throws -> R
    ) throws -> R? {
        var deadline: Int64?
        while true {
            if hasShortWay, timeout == nil, unsafe inbound.pointee.ring.count == 0 { try advanceInPlace() }
            var batch = unsafe FrameBatch(parser: inbound.pointee.parser, memory: Inbound.readable(of: inbound))
            if let frame = try batch.next() {
                let consumed = batch.consumedCount
                unsafe inbound.pointee.framesReceived &+= 1
                defer { unsafe inbound.pointee.consume(consumed) }
                return unsafe try body(frame, &outbound.pointee)
            }
            guard try advance(past: batch.consumedCount, isFinished: batch.isFinished, until: &deadline, within: timeout) else { return nil }
        }
    }

    /// Waits until at least one frame is there, and lends all that arrived together to `body`. Frames that `body` leaves are offered again.
    ///
    /// - Parameters:
    ///   - timeout: as for ``receive(within:_:)``.
    ///   - body: called once, with at least one frame.
    /// - Returns: `false` when the peer has ended the stream in order.
    /// - Throws: as ``receive(within:_:)``.
    @inlinable
    @inline(__always)
    public mutating func receiveBatch(
        within timeout: Duration? = nil, _ body: (inout FrameBatch, inout Outbound) throws -> Void
    ) throws -> Bool {
        var deadline: Int64?
        while true {
            if hasShortWay, timeout == nil, unsafe inbound.pointee.ring.count == 0 { try advanceInPlace() }
            var batch = unsafe FrameBatch(parser: inbound.pointee.parser, memory: Inbound.readable(of: inbound))
            if try batch.beginsWithFrame() {
                defer {
                    unsafe inbound.pointee.framesReceived &+= UInt64(batch.frameCount)
                    unsafe inbound.pointee.consume(batch.consumedCount)
                    if batch.isFinished { noteGoodbye() }
                }
                try unsafe body(&batch, &outbound.pointee)
                return true
            }
            guard try advance(past: batch.consumedCount, isFinished: batch.isFinished, until: &deadline, within: timeout) else { return false }
        }
    }

    @usableFromInline
    mutating func noteGoodbye() { end.isPeerFinished = true }

    /// No whole frame was there. Takes control frames off, and waits for more bytes. `false` at the end of the stream.
    @usableFromInline
    @inline(never)
    mutating func advance(
        past consumed: Int, isFinished: Bool, until deadline: inout Int64?, within timeout: Duration?
    ) throws(TransportError) -> Bool {
        unsafe inbound.pointee.consume(consumed)
        if isFinished { end.isPeerFinished = true }
        if end.isPeerFinished { return false }
        if hasOfferedLane {
            unsafe try inbound.pointee.requireNothingElsewhere()
            if try workOffLaneFrames() { return true }
        }
        // The clock is read when there is something to wait for, and once.
        if deadline == nil { deadline = timeout.map { Self.deadline(after: $0) } }
        return try fill(until: deadline)
    }
}

// MARK: Ending

extension Connection {
    /// Ends the connection in order: queued frames and the goodbye are delivered, then the socket is closed.
    ///
    /// Input that nobody read is taken off and dropped first, since the kernel would turn it into a reset at the peer, in the place
    /// of the end. Waits at most ``Configuration/drainTimeout``.
    ///
    /// - Throws: ``TransportError`` when not everything could be delivered: `timedOut`, `connectionReset`. The connection is closed all the same.
    public consuming func close() throws(TransportError) {
        let deadline = Self.deadline(after: configuration.drainTimeout)
        try flush(until: deadline)
        if isSendingOnLane { try requireReader(until: deadline) }
        queueGoodbye()
        // A peer that has said goodbye itself need not wait for ours.
        do { try flush(until: deadline) } catch {
            if !hasPeerSaidGoodbye(until: deadline) { throw error }
        }
        // What is in shared memory stays there for the peer, whatever becomes of the socket.
        if isSendingOnLane { return }
        _ = ringipc_shutdown(socket.descriptor, Int32(SHUT_WR))
        drain(until: deadline)
    }

    mutating func queueGoodbye() {
        guard !end.isFinished else { return }
        end.isFinished = true
        if configuration.format == .native { unsafe outbound.pointee.appendControl(.goodbye) }
        unsafe outbound.pointee.seal()
    }
}
