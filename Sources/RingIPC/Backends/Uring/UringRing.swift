internal import CRingIPC

/// One io_uring instance, its requests under way, and an end that leaves nothing of ours in the kernel's hands.
///
/// The ring belongs to the thread that makes it: with SINGLE_ISSUER another thread's submissions fail with EEXIST.
@safe
struct UringRing<Queues: RingQueues>: ~Copyable {
    private let end: UringEnd<Queues>
    private var queues: Queues
    /// What this ring was really made with.
    let features: UringFeatures
    private(set) var systemCalls: UInt64 = 0
    /// Requests whose last completion has not been seen: a number that `end` knows, too.
    private let inFlightCount: UnsafeMutablePointer<Int>
    /// Requests that found the submission queue full although it was just submitted (the kernel may take only a part).
    private var deferred: [UringRequest] = []
    /// Whether a request was queued since the kernel was last entered.
    private(set) var hasQueued = false

    init(queues: Queues, features: UringFeatures) {
        self.queues = queues
        self.features = features
        end = UringEnd(queues)
        unsafe inFlightCount = unsafe end.inFlightCount
    }

    var kernel: Queues.System { queues.kernel }
}

/// A ring of this machine's kernel.
typealias LinuxRing = UringRing<LiburingQueues>

extension UringRing where Queues == LiburingQueues {
    /// - Parameter allowed: what may be used; tests take features away to run the paths of older kernels.
    /// - Throws: the errno of `io_uring_setup`, with its likely cause.
    init(entries: UInt32, completions: UInt32, allowed: UringFeatures = .all) throws(UringUnavailable) {
        // Each set of flags is a step back to an older kernel; EINVAL is the kernel's word for a flag that it does not know.
        let others = allowed.subtracting([.deferredTaskRun, .cooperativeTaskRun])
        var failure = UringUnavailable(systemError: EINVAL)
        for step in [UringFeatures.deferredTaskRun, .cooperativeTaskRun, []] where allowed.isSuperset(of: step) {
            var flags: UInt32 = 0
            if step == .deferredTaskRun { flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN }
            if step == .cooperativeTaskRun { flags = UInt32(IORING_SETUP_COOP_TASKRUN) }
            do {
                let queues = try LiburingQueues(entries: entries, completions: completions, flags: flags)
                self.init(queues: queues, features: others.union(step))
                return
            } catch {
                failure = error
                if error.systemError != EINVAL { break }
            }
        }
        throw failure
    }
}

// MARK: Provided buffers

extension UringRing {
    /// - Parameter count: a power of two.
    mutating func registerBuffers(count: Int) throws(UringUnavailable) {
        let result = queues.registerBuffers(count: count)
        guard result == 0 else { throw UringUnavailable(systemError: -result) }
        end.queues = queues
    }

    /// Moves every free buffer of the pool into the kernel's hands, in one publication.
    mutating func provideBuffers(of pool: inout BufferPool) {
        var count: Int32 = 0
        while let buffer = pool.take() {
            unsafe queues.add(
                buffer, UnsafeMutableRawBufferPointer(start: pool.address(of: buffer), count: pool.bufferSize), offset: count)
            count += 1
        }
        if count > 0 { queues.publish(count) }
    }

    /// One completion the next time that somebody wakes.
    mutating func read(_ waker: Waker, token: Token) {
        end.waker = waker
        unsafe enqueue(UringRequest(kind: .read(end.eventCount), descriptor: waker.descriptor, token: token))
    }
}

// MARK: Submitting

extension UringRing {
    /// Queues a request for the next entry into the kernel.
    mutating func enqueue(_ request: UringRequest) {
        if request.token.operation != .cancel { unsafe inFlightCount.pointee &+= 1 }
        hasQueued = true
        place(request)
    }

    private mutating func place(_ request: UringRequest) {
        // Behind those that wait: a cancellation must not overtake what it cancels.
        if deferred.isEmpty, queues.push(request) { return }
        // The queue is full: hand it over early. A submission may be taken only in part; then the request waits here.
        systemCalls += 1
        _ = queues.submit()
        if deferred.isEmpty, queues.push(request) { return }
        deferred.append(request)
    }

    private mutating func placeDeferred() {
        guard !deferred.isEmpty else { return }
        let waiting = deferred
        deferred.removeAll(keepingCapacity: true)
        for request in waiting { place(request) }
    }

    /// Submits what is queued and waits as told for at least one completion.
    mutating func enter(_ wait: TurnWait) throws(TransportError) {
        placeDeferred()
        hasQueued = !deferred.isEmpty
        systemCalls += 1
        // What found no place again is handed over the next time: nobody would wake a wait for it.
        try check(queues.enter(timeout: deferred.isEmpty ? timeout(of: wait) : 0))
    }

    /// Submits what is queued. Returns whether the kernel took all of it.
    mutating func submit() throws(TransportError) -> Bool {
        placeDeferred()
        let count = queues.submit()
        // With nothing queued it is no call.
        if count != 0 { systemCalls += 1 }
        try check(count)
        return count >= 0 && deferred.isEmpty
    }

    /// ETIME: the time is up. EINTR: a signal came. EBUSY, EAGAIN: completions have to be reaped before more can be submitted.
    private func check(_ result: Int32) throws(TransportError) {
        guard result >= 0 || [ETIME, EINTR, EBUSY, EAGAIN].contains(-result) else {
            throw TransportError(systemError: -result, during: .run)
        }
    }

    private func timeout(of wait: TurnWait) -> Int64 {
        switch wait {
        case .poll: 0
        case .forever: -1
        case .until(let deadline): max(0, deadline - kernel.now)
        }
    }

    var readyCount: Int { queues.readyCount }
    var hasOverflow: Bool { queues.hasOverflow }

    /// Gives up to `capacity` completions to `body` and takes them off the queue.
    mutating func reap(upTo capacity: Int, _ body: (RingCompletion, Token) -> Void) {
        let count = min(capacity, readyCount)
        for index in 0..<count {
            let completion = queues.completion(index)
            guard let token = Token(bits: completion.token), token.operation != .cancel else { continue }
            if !completion.isArmed { unsafe inFlightCount.pointee &-= 1 }
            body(completion, token)
        }
        queues.advance(count)
    }
}
