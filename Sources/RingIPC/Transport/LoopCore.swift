/// The heart of an event loop: the connections, their memory and one backend, all of one thread.
///
/// The flow of a turn: the backend hands everything begun to the kernel, waits, and brings completions; each is worked off by
/// the handler of its connection; what the handlers queued is sent; due deadlines are worked off. The type is generic over the
/// backend, so that none of this is an indirect call; handlers are called through one indirection per batch.
struct LoopCore<B: Backend & ~Copyable>: ~Copyable {
    // The order matters at the end: the backend goes first, so that the kernel lets go of the memory below.
    var backend: B
    var pool: BufferPool
    var table: SlotTable
    let configuration: Configuration
    let parser: FrameParser
    let chunks: OutboundChunkPool
    var spanningBudget: SpanningBudget
    var completions: CompletionQueue
    var listeners: [ListenerEntry?] = []
    /// Listeners there ever were: what makes their names unique.
    var listenerCount: UInt32 = 0
    /// Accepted sockets that are taken in during later turns, the oldest first.
    var arrivals: [Arrival] = []
    /// Connections taken in during this turn.
    var welcomeCount = 0
    var deadlines = MinHeap<SlotDeadline>()
    var statistics = Statistics()
    /// Nanoseconds of the backend's clock, read once per turn.
    var now: Int64
    var spinBudget: SpinBudget
    var moderation: WakeModeration

    /// Connections with something to send at the end of the turn.
    var dirty = ConnectionList()
    /// Connections whose receive found no buffer; they receive again when one is home.
    var starved = ConnectionList()
    /// Connections that wait for memory for a spanning frame.
    var waitingForMemory = ConnectionList()
    /// Paused connections that are looked at again at the end of the turn.
    var resumable = ConnectionList()
    /// Lanes whose positions are looked at in every turn. The others sleep until their peers ring.
    var activeLanes = ConnectionList()
    var servedLanes = ConnectionList()
    /// Turns in a row that went to lanes alone.
    var turnsWithoutKernel = 0
    var laneCopies = LaneCopies()
    /// Connections that are over; their slots are freed when nobody looks at them any more.
    var ended = ConnectionList()
    /// The list that is being worked off, while the original takes new entries.
    var current = ConnectionList()
    /// Until when connections that drain may take.
    var drainDeadlines: [ConnectionID: Int64] = [:]
    /// When accepting, stopped for want of descriptors or places, is tried again.
    var acceptRetry = Int64.max
    var isStopping = false
    /// Why a listener could not be added: ends the loop, since a server that does not listen must not look alive.
    var listenerFailure: TransportError?

    init(backend: consuming B, configuration: Configuration) throws(TransportError) {
        let pool = try BufferPool(configuration: configuration)
        self.configuration = configuration
        self.pool = pool
        now = backend.now
        self.backend = backend
        var parser = FrameParser(format: configuration.format, maximumFrameLength: configuration.maximumFrameLength)
        parser.rules.endsAtLaneFrames = configuration.sharedMemory != nil
        self.parser = parser
        chunks = OutboundChunkPool(maximumFreeCount: 256)
        table = SlotTable(capacity: configuration.maximumConnections)
        spanningBudget = SpanningBudget(configuration)
        completions = CompletionQueue(capacity: 4_096)
        spinBudget = SpinBudget(configuration.wait)
        moderation = WakeModeration(configuration.wait)
    }
}

/// When a connection has to be looked at. Stale entries are dropped when they come up.
struct SlotDeadline: Comparable {
    let time: Int64
    let connection: ConnectionID

    static func < (left: Self, right: Self) -> Bool { left.time < right.time }
}

// MARK: A turn

extension LoopCore where B: ~Copyable {
    /// One pass. Sleeps no longer than `limit` on the backend's clock. Returns whether somebody asked for attention from another thread.
    mutating func turn(until limit: Int64) throws(TransportError) -> Bool {
        if let listenerFailure { throw listenerFailure }
        flushDirty()
        try wait(until: limit)
        now = backend.now
        var wasWoken = false
        welcomeCount = 0
        welcomeArrivals()
        for index in 0..<completions.count {
            let completion = completions[index]
            switch completion.token.operation {
            case .receive: received(completion)
            case .send: sent(completion)
            case .accept: accepted(completion)
            case .wake: wasWoken = true
            case .cancel: break
            }
        }
        completions.removeAll()
        if hasActiveLane { serveLanes() }
        expireDeadlines()
        resumePaused()
        feedStarved()
        releaseEnded()
        return wasWoken
    }

    private mutating func wait(until limit: Int64) throws(TransportError) {
        let deadline = min(limit, deadlines.first?.time ?? .max, acceptRetry)
        if !resumable.isEmpty || !dirty.isEmpty || !ended.isEmpty || !arrivals.isEmpty || deadline <= now {
            return try backend.turn(.poll, pool: &pool, completions: &completions)
        }
        if hasActiveLane, isAnyLaneReady() { return try passKernel() }
        if spinBudget.allowance > 0, try spin(until: deadline) { return }
        if hasActiveLane, !parkLanes() { return try backend.turn(.poll, pool: &pool, completions: &completions) }
        try sleep(until: deadline)
    }

    private mutating func sleep(until deadline: Int64) throws(TransportError) {
        let sleep: TurnWait = deadline == .max ? .forever : .until(deadline: deadline)
        if moderation.isOn { return try waitModerated(sleep, until: deadline) }
        guard spinBudget.maximum > 0 else { return try backend.turn(sleep, pool: &pool, completions: &completions) }
        let start = backend.now
        try backend.turn(sleep, pool: &pool, completions: &completions)
        spinBudget.slept(nanoseconds: backend.now - start)
    }

    /// Polls as long as the budget allows, and looks at active lanes in between. Returns whether the wait is over.
    private mutating func spin(until deadline: Int64) throws(TransportError) -> Bool {
        let allowance = spinBudget.allowance
        let end = allowance == .max ? Int64.max : backend.now + allowance
        while true {
            if hasActiveLane, lookAtLanes() {
                spinBudget.spinSucceeded()
                try passKernel()
                return true
            }
            try backend.turn(.poll, pool: &pool, completions: &completions)
            if completions.count > 0 {
                spinBudget.spinSucceeded()
                return true
            }
            let now = backend.now
            if now >= deadline { return true }
            if now >= end {
                spinBudget.spinFailed()
                return false
            }
        }
    }
}

// MARK: Moderation

extension LoopCore where B: ~Copyable {
    /// Pauses and does nothing else; or takes what came during the pause before, and sleeps only if nothing did. A pause is a turn of its
    /// own, so that a kernel which never sleeps can run other loops meanwhile.
    private mutating func waitModerated(_ sleep: TurnWait, until deadline: Int64) throws(TransportError) {
        if let end = moderation.pauseEnd(at: backend.now) {
            if try backend.submit(pool: &pool) { return try backend.turn(.poll, pool: &pool, completions: &completions) }
            statistics.systemCalls &+= 1
            return backend.kernel.sleep(until: min(end, deadline))
        }
        try backend.turn(sleep, pool: &pool, completions: &completions)
        noteInput()
    }

    /// What filled a buffer, or found none, has more behind it.
    private mutating func noteInput() {
        var (byteCount, isAll) = (0, true)
        for index in 0..<completions.count where completions[index].token.operation == .receive {
            let result = Int(completions[index].result)
            byteCount += max(0, result)
            if !(0..<pool.bufferSize).contains(result) { isAll = false }
        }
        moderation.took(byteCount, isAll: isAll, at: backend.now)
    }
}

// MARK: Deadlines

extension LoopCore where B: ~Copyable {
    /// Sets when the connection has to be looked at; `.max` for never. The heap is touched only when the next entry for the slot would
    /// come too late, so that a deadline that is set and cleared for every frame costs two stores.
    mutating func setDeadline(_ time: Int64, of slot: UnsafeMutablePointer<ConnectionSlot>) {
        unsafe slot.pointee.deadline = time
        guard unsafe time < slot.pointee.queuedDeadline else { return }
        unsafe slot.pointee.queuedDeadline = time
        deadlines.insert(unsafe SlotDeadline(time: time, connection: slot.pointee.id))
    }

    mutating func time(after duration: Duration) -> Int64 {
        duration.after(now)
    }

    private mutating func expireDeadlines() {
        while let first = deadlines.first, first.time <= now {
            _ = deadlines.removeFirst()
            guard let slot = unsafe table.find(first.connection), unsafe slot.pointee.queuedDeadline == first.time else { continue }
            unsafe slot.pointee.queuedDeadline = .max
            if unsafe slot.pointee.deadline <= now {
                unsafe slot.pointee.deadline = .max
                unsafe expire(slot)
            } else if unsafe slot.pointee.deadline < .max {
                unsafe setDeadline(slot.pointee.deadline, of: slot)
            }
        }
        if acceptRetry <= now { retryAccepting() }
    }

    private mutating func expire(_ slot: UnsafeMutablePointer<ConnectionSlot>) {
        switch unsafe slot.pointee.phase {
        case .awaitingHello:
            unsafe fail(
                slot,
                TransportError(
                    .timedOut, during: .handshake,
                    detail: "the peer sent no hello within \(configuration.helloTimeout); does it speak the native format?"))
        case .open:
            unsafe fail(
                slot,
                TransportError(
                    .timedOut, during: .receive,
                    detail: "a frame that had begun did not end within \(configuration.frameTimeout)"))
        case .finishing:
            unsafe fail(
                slot,
                TransportError(
                    .timedOut, during: .close,
                    detail: "the peer did not take what was queued within \(configuration.drainTimeout)"))
        case .draining:
            unsafe lookAtDrain(slot)
        case .dead: break
        }
    }
}
