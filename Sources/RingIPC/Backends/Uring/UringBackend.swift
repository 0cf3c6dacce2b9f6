internal import CRingIPC

/// The contract on io_uring: one entry into the kernel per turn carries all sends, receives and accepts, and brings all completions.
@safe
struct UringBackend: Backend, ~Copyable {
    private var ring: UringRing
    let waker: Waker
    private var wakeups: UInt64 = 0

    static let submissionEntries: UInt32 = 1_024
    /// Larger than the submission queue: a multishot request completes many times.
    static let completionEntries: UInt32 = 8_192

    init(configuration: Configuration) throws(UringUnavailable) {
        let waker = try Self.makeWaker()
        var ring = try Self.makeRing(configuration)
        ring.readEvent(waker.descriptor, token: Self.wakeToken)
        self.waker = waker
        self.ring = ring
    }

    private static func makeWaker() throws(UringUnavailable) -> Waker {
        do { return try Waker() } catch { throw UringUnavailable(systemError: error.systemError ?? EMFILE) }
    }

    private static func makeRing(_ configuration: Configuration) throws(UringUnavailable) -> UringRing {
        let allowed = configuration.uringFeatures.intersection(UringProbe.shared.features)
        var ring = try UringRing(entries: submissionEntries, completions: completionEntries, allowed: allowed)
        try ring.registerBuffers(count: configuration.pooledBufferCount)
        return ring
    }

    static var sendsAtOnce: Bool { false }
    var now: Int64 { ringipc_monotonic_nanoseconds() }
    var statistics: BackendStatistics { BackendStatistics(systemCalls: ring.systemCalls, wakeups: wakeups) }
    var features: UringFeatures { ring.features }

    private static let wakeToken = Token(.wake, slot: 0, generation: 0)
}

// MARK: Operations

extension UringBackend {
    mutating func attach(_ descriptor: Int32, connection: ConnectionID) {}

    mutating func attachListener(_ descriptor: Int32, slot: ConnectionID) {
        // On a non-blocking descriptor the ring would answer EAGAIN at once instead of waiting.
        _ = ringipc_set_nonblocking(descriptor, false)
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

    private mutating func reap(pool: inout BufferPool, into completions: inout CompletionQueue) {
        var wasWoken = false
        let capacity = completions.capacity - completions.count
        ring.reap(upTo: capacity) { entry, token in
            let flags = entry.flags
            var completion = Completion(token: token, result: entry.res)
            completion.isArmed = flags & UInt32(IORING_CQE_F_MORE) != 0
            if flags & UInt32(IORING_CQE_F_BUFFER) != 0 {
                let buffer = UInt16(truncatingIfNeeded: flags >> UInt32(IORING_CQE_BUFFER_SHIFT))
                // An end of stream may come with a buffer that nothing was written to.
                if completion.result > 0 { completion.buffer = buffer } else { pool.putBack(buffer) }
            }
            if token.operation == .wake { wasWoken = true }
            completions.append(completion)
        }
        if wasWoken { ring.readEvent(waker.descriptor, token: Self.wakeToken) }
    }
}
