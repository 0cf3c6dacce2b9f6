internal import CRingIPC

/// One io_uring instance, its requests under way, and an end that leaves nothing of ours in the kernel's hands.
///
/// The ring belongs to the thread that makes it: with SINGLE_ISSUER another thread's submissions fail with EEXIST.
@safe
struct UringRing: ~Copyable {
    let ring: UnsafeMutablePointer<io_uring>
    /// What this ring was really made with.
    let features: UringFeatures
    private(set) var systemCalls: UInt64 = 0
    /// Requests whose last completion has not been seen.
    private var inFlightCount = 0
    /// Provided buffers, and where reads of an eventfd go: memory that the kernel writes to until the ring is gone.
    private var bufferRing: UnsafeMutablePointer<io_uring_buf_ring>?
    private var bufferCount = 0
    private let eventCount: UnsafeMutableRawBufferPointer
    /// Requests that found the submission queue full although it was just submitted (the kernel may take only a part).
    private var deferred: [UringRequest] = []

    /// - Parameter allowed: what may be used; tests take features away to run the paths of older kernels.
    /// - Throws: the errno of `io_uring_setup`, with its likely cause.
    init(entries: UInt32, completions: UInt32, allowed: UringFeatures = .all) throws(UringUnavailable) {
        unsafe ring = .allocate(capacity: 1)
        // Each set of flags is a step back to an older kernel; EINVAL is the kernel's word for a flag that it does not know.
        var result = -EINVAL
        var features = allowed.subtracting([.deferredTaskRun, .cooperativeTaskRun])
        for step in [UringFeatures.deferredTaskRun, .cooperativeTaskRun, []] where allowed.isSuperset(of: step) {
            var parameters = io_uring_params()
            parameters.flags = UInt32(IORING_SETUP_CQSIZE) | UInt32(IORING_SETUP_CLAMP)
            if step == .deferredTaskRun { parameters.flags |= IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN }
            if step == .cooperativeTaskRun { parameters.flags |= UInt32(IORING_SETUP_COOP_TASKRUN) }
            parameters.cq_entries = completions
            unsafe ring.initialize(to: io_uring())
            result = unsafe io_uring_queue_init_params(entries, ring, &parameters)
            if result == 0 { features.formUnion(step) }
            if result != -EINVAL { break }
        }
        guard result == 0 else {
            unsafe ring.deallocate()
            throw UringUnavailable(systemError: -result)
        }
        self.features = features
        unsafe eventCount = .allocate(byteCount: 8, alignment: 8)
        // The kernel then finds the ring without a look-up of its descriptor (5.18). A kernel that cannot do it works as well.
        _ = unsafe io_uring_register_ring_fd(ring)
    }

    deinit {
        // Memory that a request points to may be freed only after its completion: ask all of them to end, and wait for it.
        if inFlightCount > 0 {
            var remaining = inFlightCount
            if let request = unsafe io_uring_get_sqe(ring) { unsafe ringipc_prepare_cancel_all(request, 0) }
            for _ in 0..<Self.maximumTeardownTurns where remaining > 0 {
                guard unsafe io_uring_submit_and_wait(ring, 1) >= 0 else { continue }
                let count = unsafe io_uring_cq_ready(ring)
                for index in 0..<count { remaining -= unsafe Self.abandon(ringipc_completion(ring, index).pointee) }
                unsafe io_uring_cq_advance(ring, count)
            }
        }
        unsafe io_uring_queue_exit(ring)
        unsafe ring.deallocate()
        unsafe eventCount.deallocate()
        if let buffers = unsafe bufferRing {
            _ = unsafe ringipc_unmap(buffers, bufferCount * MemoryLayout<io_uring_buf>.stride)
        }
    }

    private static let maximumTeardownTurns = 10_000

    /// A completion that nobody waits for any more. Returns how many requests ended with it.
    private static func abandon(_ completion: io_uring_cqe) -> Int {
        guard let token = Token(bits: completion.user_data), token.operation != .cancel else { return 0 }
        // An accepted descriptor that is not closed here would be lost.
        if token.operation == .accept, completion.res >= 0 { _ = ringipc_close(completion.res) }
        return completion.flags & UInt32(IORING_CQE_F_MORE) == 0 ? 1 : 0
    }
}

// MARK: Provided buffers

extension UringRing {
    /// - Parameter count: a power of two.
    mutating func registerBuffers(count: Int) throws(UringUnavailable) {
        var error: Int32 = 0
        guard let buffers = unsafe ringipc_buffer_ring(ring, UInt32(count), UringRequest.bufferGroup, &error) else {
            throw UringUnavailable(systemError: -error)
        }
        unsafe bufferRing = unsafe buffers
        bufferCount = count
    }

    /// Moves every free buffer of the pool into the kernel's hands, in one publication.
    mutating func provideBuffers(of pool: inout BufferPool) {
        guard let buffers = unsafe bufferRing else { return }
        var count: Int32 = 0
        while let buffer = pool.take() {
            unsafe ringipc_buffer_add(
                buffers, pool.address(of: buffer), UInt32(pool.bufferSize), buffer, Int32(bufferCount - 1), count)
            count += 1
        }
        if count > 0 { unsafe ringipc_buffer_publish(buffers, count) }
    }

    /// Watches an eventfd: one completion the next time that it is signalled.
    mutating func readEvent(_ descriptor: Int32, token: Token) {
        unsafe enqueue(UringRequest(kind: .read(eventCount), descriptor: descriptor, token: token))
    }
}

// MARK: Submitting

extension UringRing {
    /// Queues a request for the next entry into the kernel.
    mutating func enqueue(_ request: UringRequest) {
        if request.token.operation != .cancel { inFlightCount += 1 }
        place(request)
    }

    private mutating func place(_ request: UringRequest) {
        // Behind those that wait: a cancellation must not overtake what it cancels.
        if deferred.isEmpty, let entry = unsafe io_uring_get_sqe(ring) { return unsafe request.prepare(entry) }
        // The queue is full: hand it over early. A submission may be taken only in part; then the request waits here.
        systemCalls += 1
        _ = unsafe io_uring_submit(ring)
        guard deferred.isEmpty, let entry = unsafe io_uring_get_sqe(ring) else { return deferred.append(request) }
        unsafe request.prepare(entry)
    }

    /// Submits what is queued and waits as told for at least one completion.
    mutating func enter(_ wait: TurnWait) throws(TransportError) {
        if !deferred.isEmpty {
            let waiting = deferred
            deferred.removeAll(keepingCapacity: true)
            for request in waiting { place(request) }
        }
        systemCalls += 1
        let result: Int32
        switch wait {
        case .poll:
            result = unsafe io_uring_submit_and_get_events(ring)
        case .forever:
            result = unsafe io_uring_submit_and_wait(ring, 1)
        case .until(let deadline):
            let nanoseconds = max(0, deadline - ringipc_monotonic_nanoseconds())
            var timeout = __kernel_timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
            var first: UnsafeMutablePointer<io_uring_cqe>?
            result = unsafe io_uring_submit_and_wait_timeout(ring, &first, 1, &timeout, nil)
        }
        // ETIME: the time is up. EINTR: a signal came. EBUSY, EAGAIN: completions have to be reaped before more can be submitted.
        guard result >= 0 || [ETIME, EINTR, EBUSY, EAGAIN].contains(-result) else {
            throw TransportError(systemError: -result, during: .run)
        }
    }

    var readyCount: Int { unsafe Int(io_uring_cq_ready(ring)) }
    var hasOverflow: Bool { unsafe ringipc_has_overflow(ring) }

    /// Gives up to `capacity` completions to `body` and takes them off the queue.
    mutating func reap(upTo capacity: Int, _ body: (io_uring_cqe, Token) -> Void) {
        let count = min(capacity, readyCount)
        for index in 0..<count {
            let completion = unsafe ringipc_completion(ring, UInt32(index)).pointee
            guard let token = Token(bits: completion.user_data), token.operation != .cancel else { continue }
            if completion.flags & UInt32(IORING_CQE_F_MORE) == 0 { inFlightCount -= 1 }
            body(completion, token)
        }
        unsafe io_uring_cq_advance(ring, UInt32(count))
    }
}

/// A request, before it has a place in the submission queue.
@safe
struct UringRequest {
    @safe
    enum Kind {
        case accept(multishot: Bool)
        case receivePooled(multishot: Bool)
        case receive(UnsafeMutableRawBufferPointer)
        case send(UnsafeRawBufferPointer)
        case read(UnsafeMutableRawBufferPointer)
        case cancel(Token)
    }

    let kind: Kind
    let descriptor: Int32
    let token: Token

    /// The one group of provided buffers of a ring.
    static let bufferGroup: Int32 = 0

    func prepare(_ entry: UnsafeMutablePointer<io_uring_sqe>) {
        let bits = token.bits
        switch kind {
        case .accept(let multishot):
            unsafe ringipc_prepare_accept(entry, descriptor, multishot, bits)
        case .receivePooled(let multishot):
            unsafe ringipc_prepare_receive_pooled(entry, descriptor, Self.bufferGroup, multishot, bits)
        case .receive(let memory):
            unsafe ringipc_prepare_receive(entry, descriptor, memory.baseAddress, memory.count, bits)
        case .send(let bytes):
            unsafe ringipc_prepare_send(entry, descriptor, bytes.baseAddress, bytes.count, bits)
        case .read(let memory):
            unsafe ringipc_prepare_read(entry, descriptor, memory.baseAddress, UInt32(memory.count), bits)
        case .cancel(let target):
            unsafe ringipc_prepare_cancel(entry, target.bits, bits)
        }
    }
}

/// Why there is no io_uring here.
struct UringUnavailable: Error {
    let systemError: Int32
    var reason: String {
        let cause =
            switch systemError {
            case EPERM: "the kernel forbids it: see sysctl kernel.io_uring_disabled, or the seccomp filter of the container"
            case ENOSYS: "the kernel has none, or a seccomp filter hides it"
            case ENOMEM: "not enough locked memory: see RLIMIT_MEMLOCK"
            case EMFILE, ENFILE: "no free descriptor"
            case EINVAL: "the kernel is older than 5.19"
            default: "io_uring_setup failed"
            }
        return "\(cause) (\(TransportError.name(ofSystemError: systemError)))"
    }
}
