internal import CRingIPC

/// The two queues of a ring and its provided buffers, as ``UringRing`` uses them: liburing's, or those of a double.
protocol RingQueues {
    associatedtype System: Kernel
    var kernel: System { get }

    mutating func registerBuffers(count: Int) -> Int32
    /// Puts a buffer behind the published ones, `offset` places further.
    func add(_ buffer: UInt16, _ memory: UnsafeMutableRawBufferPointer, offset: Int32)
    func publish(_ count: Int32)

    /// Queues a request for the next entry into the kernel. `false` when the submission queue is full.
    func push(_ request: UringRequest) -> Bool
    func pushCancelAll() -> Bool
    /// Hands over what is queued; the kernel may take only a part.
    func submit() -> Int32
    /// Hands over what is queued, and waits for a completion: nanoseconds, not at all for 0, for ever when negative.
    func enter(timeout: Int64) -> Int32

    var readyCount: Int { get }
    /// Completions that did not fit the queue wait in the kernel.
    var hasOverflow: Bool { get }
    /// The completion at a place from 0 to `readyCount`.
    func completion(_ index: Int) -> RingCompletion
    func advance(_ count: Int)

    /// The end. Nothing is under way any more.
    func close()
}

/// What the kernel says in a completion (io_uring(7)).
package struct RingCompletion: Sendable {
    package let token: UInt64
    package let result: Int32
    package let flags: UInt32

    package init(token: UInt64, result: Int32, flags: UInt32) {
        self.token = token
        self.result = result
        self.flags = flags
    }

    /// The request goes on by itself, and will complete again.
    package static let more = UInt32(IORING_CQE_F_MORE)
    /// A provided buffer was taken; its number is in the upper half of the flags.
    package static let hasBuffer = UInt32(IORING_CQE_F_BUFFER)
    package static let bufferShift = UInt32(IORING_CQE_BUFFER_SHIFT)

    var isArmed: Bool { flags & Self.more != 0 }
    var buffer: UInt16? { flags & Self.hasBuffer != 0 ? UInt16(truncatingIfNeeded: flags >> Self.bufferShift) : nil }
}

/// liburing's queues, in memory that the process shares with the kernel.
@safe
struct LiburingQueues: RingQueues {
    private let ring: UnsafeMutablePointer<io_uring>
    /// Memory that the kernel reads until the ring is gone.
    private var buffers: UnsafeMutablePointer<io_uring_buf_ring>?
    private var bufferCount = 0

    /// - Throws: the errno of `io_uring_setup`.
    init(entries: UInt32, completions: UInt32, flags: UInt32) throws(UringUnavailable) {
        unsafe ring = .allocate(capacity: 1)
        unsafe ring.initialize(to: io_uring())
        var parameters = io_uring_params()
        parameters.flags = flags | UInt32(IORING_SETUP_CQSIZE) | UInt32(IORING_SETUP_CLAMP)
        parameters.cq_entries = completions
        let result = unsafe io_uring_queue_init_params(entries, ring, &parameters)
        guard result == 0 else {
            unsafe ring.deallocate()
            throw UringUnavailable(systemError: -result)
        }
        // The kernel then finds the ring without a look-up of its descriptor (5.18). A kernel that cannot do it works as well.
        _ = unsafe io_uring_register_ring_fd(ring)
    }

    var kernel: LinuxKernel { LinuxKernel() }

    mutating func registerBuffers(count: Int) -> Int32 {
        var error: Int32 = 0
        guard let made = unsafe ringipc_buffer_ring(ring, UInt32(count), UringRequest.bufferGroup, &error) else { return error }
        unsafe buffers = unsafe made
        bufferCount = count
        return 0
    }

    func add(_ buffer: UInt16, _ memory: UnsafeMutableRawBufferPointer, offset: Int32) {
        guard let buffers = unsafe buffers else { return }
        unsafe ringipc_buffer_add(buffers, memory.baseAddress, UInt32(memory.count), buffer, Int32(bufferCount - 1), offset)
    }

    func publish(_ count: Int32) {
        if let buffers = unsafe buffers { unsafe ringipc_buffer_publish(buffers, count) }
    }

    func push(_ request: UringRequest) -> Bool {
        guard let entry = unsafe io_uring_get_sqe(ring) else { return false }
        unsafe request.prepare(entry)
        return true
    }

    func pushCancelAll() -> Bool {
        guard let entry = unsafe io_uring_get_sqe(ring) else { return false }
        unsafe ringipc_prepare_cancel_all(entry, 0)
        return true
    }

    func submit() -> Int32 { unsafe io_uring_submit(ring) }

    func enter(timeout: Int64) -> Int32 {
        if timeout == 0 { return unsafe io_uring_submit_and_get_events(ring) }
        if timeout < 0 { return unsafe io_uring_submit_and_wait(ring, 1) }
        var limit = __kernel_timespec(tv_sec: timeout / 1_000_000_000, tv_nsec: timeout % 1_000_000_000)
        var first: UnsafeMutablePointer<io_uring_cqe>?
        return unsafe io_uring_submit_and_wait_timeout(ring, &first, 1, &limit, nil)
    }

    var readyCount: Int { unsafe Int(io_uring_cq_ready(ring)) }
    var hasOverflow: Bool { unsafe ringipc_has_overflow(ring) }

    func completion(_ index: Int) -> RingCompletion {
        let entry = unsafe ringipc_completion(ring, UInt32(index))
        return unsafe RingCompletion(token: entry!.pointee.user_data, result: entry!.pointee.res, flags: entry!.pointee.flags)
    }

    func advance(_ count: Int) { unsafe io_uring_cq_advance(ring, UInt32(count)) }

    func close() {
        unsafe io_uring_queue_exit(ring)
        unsafe ring.deallocate()
        if let buffers = unsafe buffers {
            _ = unsafe ringipc_unmap(buffers, bufferCount * MemoryLayout<io_uring_buf>.stride)
        }
    }
}
