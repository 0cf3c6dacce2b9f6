internal import CRingIPC

/// The contract on io_uring: one entry into the kernel per turn carries all sends, receives and accepts, and brings all completions.
@safe
struct UringBackend<Queues: RingQueues>: Backend, ~Copyable {
    private var ring: UringRing<Queues>
    let waker: Waker
    private var wakeups: UInt64 = 0

    init(ring: consuming UringRing<Queues>, configuration: Configuration) throws(UringUnavailable) {
        let waker: Waker
        do { waker = try Waker(double: ring.kernel.double) } catch { throw UringUnavailable(systemError: error.systemError ?? EMFILE) }
        try ring.registerBuffers(count: configuration.pooledBufferCount)
        ring.read(waker, token: Token(.wake, slot: 0, generation: 0))
        self.waker = waker
        self.ring = ring
    }

    static var sendsAtOnce: Bool { false }
    var hasBegun: Bool { ring.hasQueued }
    var kernel: Queues.System { ring.kernel }
    var now: Int64 { kernel.now }
    var statistics: BackendStatistics { BackendStatistics(systemCalls: ring.systemCalls, wakeups: wakeups) }
}

extension UringBackend where Queues == LiburingQueues {
    private static var submissionEntries: UInt32 { 1_024 }
    /// Larger than the submission queue: a multishot request completes many times.
    private static var completionEntries: UInt32 { 8_192 }

    init(configuration: Configuration) throws(UringUnavailable) {
        let allowed = configuration.uringFeatures.intersection(UringProbe.shared.features)
        let ring = try LinuxRing(entries: Self.submissionEntries, completions: Self.completionEntries, allowed: allowed)
        try self.init(ring: ring, configuration: configuration)
    }
}

// MARK: Operations

extension UringBackend {
    mutating func attach(_ descriptor: Int32, connection: ConnectionID) {}

    mutating func attachListener(_ descriptor: Int32, slot: ConnectionID) {
        // On a non-blocking descriptor the ring would answer EAGAIN at once instead of waiting.
        _ = kernel.setNonblocking(descriptor, false)
    }

    mutating func detach(_ descriptor: Int32, connection: ConnectionID) {}

    mutating func accept(_ descriptor: Int32, slot: ConnectionID) {
        let isMultishot = ring.features.contains(.multishotAccept)
        ring.enqueue(
            UringRequest(kind: .accept(multishot: isMultishot), descriptor: descriptor, token: Token(.accept, slot)))
    }

    mutating func receivePooled(_ descriptor: Int32, connection: ConnectionID) {
        let isMultishot = ring.features.contains(.multishotReceive)
        ring.enqueue(
            UringRequest(
                kind: .receivePooled(multishot: isMultishot), descriptor: descriptor, token: Token(.receive, connection)))
    }

    mutating func receive(_ descriptor: Int32, into memory: UnsafeMutableRawBufferPointer, connection: ConnectionID) {
        unsafe ring.enqueue(
            UringRequest(kind: .receive(memory), descriptor: descriptor, token: Token(.receive, connection)))
    }

    mutating func awaitInput(_ descriptor: Int32, connection: ConnectionID) {
        ring.enqueue(UringRequest(kind: .awaitInput, descriptor: descriptor, token: Token(.receive, connection)))
    }

    mutating func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, connection: ConnectionID) -> SendOutcome {
        unsafe ring.enqueue(UringRequest(kind: .send(bytes), descriptor: descriptor, token: Token(.send, connection)))
        return .pending
    }

    mutating func cancel(_ operation: Token.Operation, connection: ConnectionID) {
        let target = Token(operation, connection)
        ring.enqueue(
            UringRequest(kind: .cancel(target), descriptor: -1, token: Token(.cancel, slot: 0, generation: 0)))
    }
}

// MARK: A turn

extension UringBackend {
    mutating func turn(
        _ wait: TurnWait, pool: inout BufferPool, completions: inout CompletionQueue
    ) throws(TransportError) {
        ring.provideBuffers(of: &pool)
        // Completions that are there already are not waited for; the kernel is entered all the same, to submit what is queued.
        let effectiveWait: TurnWait = ring.readyCount > 0 ? .poll : wait
        try ring.enter(effectiveWait)
        if case .poll = effectiveWait {} else { wakeups &+= 1 }
        reap(pool: &pool, into: &completions)
        // What had overflowed enters the queue once there is room and the kernel is entered.
        if ring.hasOverflow, !completions.isFull {
            try ring.enter(.poll)
            reap(pool: &pool, into: &completions)
        }
    }

    mutating func submit(pool: inout BufferPool) throws(TransportError) -> Bool {
        ring.provideBuffers(of: &pool)
        return try !ring.submit() || ring.readyCount > 0 || ring.hasOverflow
    }

    private mutating func reap(pool: inout BufferPool, into completions: inout CompletionQueue) {
        var wasWoken = false
        let capacity = completions.capacity - completions.count
        ring.reap(upTo: capacity) { entry, token in
            var completion = Completion(token: token, result: entry.result, isArmed: entry.isArmed)
            if let buffer = entry.buffer {
                // An end of stream may come with a buffer that nothing was written to.
                if completion.result > 0 { completion.buffer = buffer } else { pool.putBack(buffer) }
            }
            if token.operation == .wake { wasWoken = true }
            completions.append(completion)
        }
        if wasWoken { ring.read(waker, token: Token(.wake, slot: 0, generation: 0)) }
    }
}
