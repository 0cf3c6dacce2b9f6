internal import Glibc
package import RingIPC

/// An io_uring instance: requests that were queued, requests under way, completions on their way, and two bounded queues.
@safe
final class SimulatedRing {
    /// A request from when it was queued until its last completion was taken.
    final class Operation {
        let request: UringRequest
        /// What the memory of a send was when it was queued.
        let checksum: UInt64
        /// The kernel does nothing about it before.
        var notBefore: Int64 = 0
        /// When its latest completion arrives: its completions keep their order.
        var lastArrival: Int64 = 0
        var isOver = false

        init(_ request: UringRequest) {
            self.request = request
            checksum = Self.checksum(of: request)
        }

        var isMemoryUntouched: Bool { Self.checksum(of: request) == checksum }

        private static func checksum(of request: UringRequest) -> UInt64 {
            guard case .send(let bytes) = request.kind else { return 0 }
            var sum: UInt64 = 0xCBF2_9CE4_8422_2325
            unsafe bytes.forEach { sum = (sum ^ UInt64($0)) &* 0x100_0000_01B3 }
            return sum
        }
    }

    struct Arrival {
        let time: Int64
        let completion: RingCompletion
        let operation: Operation?
    }

    let submissionEntries: Int
    let completionEntries: Int
    var submissions: [Operation] = []
    var underWay: [Operation] = []
    /// Completions that are done and not told yet.
    var arriving: [Arrival] = []
    /// The completion queue, and what did not fit it.
    var completions: [Arrival] = []
    var overflow: [Arrival] = []

    /// Provided buffers: those in the kernel's hands, in the order in which they came.
    var buffers: [(number: UInt16, memory: UnsafeMutableRawBufferPointer)] = unsafe []
    var isProvided: [Bool] = []

    init(limits: SimulatedKernel.Limits) {
        submissionEntries = limits.submissionEntries
        completionEntries = limits.completionEntries
    }

    /// Whether the kernel may still use the descriptor for one of the ring's operations.
    func isBusy(with descriptor: Int32) -> Bool {
        submissions.contains { $0.request.descriptor == descriptor } || underWay.contains { $0.request.descriptor == descriptor }
    }

    /// When the next completion arrives, or the kernel does something about a request again.
    func moment(after now: Int64) -> Int64 {
        var next = Int64.max
        for arrival in arriving where arrival.time > now { next = min(next, arrival.time) }
        for operation in underWay where operation.notBefore > now { next = min(next, operation.notBefore) }
        return next
    }

    func end(_ kernel: SimulatedKernel) {
        for operation in underWay where !operation.isOver {
            kernel.report(.operations, "a ring was closed while \(operation.request.token) was under way")
        }
    }
}

// MARK: What the loop calls

extension SimulatedKernel {
    package func makeRing() -> Int32 { open(.ring(SimulatedRing(limits: limits))) }

    package func registerBuffers(_ descriptor: Int32, count: Int) -> Int32 {
        ring(descriptor).isProvided = Array(repeating: false, count: count)
        return 0
    }

    package func provide(_ descriptor: Int32, buffer: UInt16, _ memory: UnsafeMutableRawBufferPointer) {
        let ring = ring(descriptor)
        guard ring.isProvided.indices.contains(Int(buffer)), !ring.isProvided[Int(buffer)] else {
            return report(.buffers, "buffer \(buffer) was given to the kernel twice")
        }
        ring.isProvided[Int(buffer)] = true
        unsafe Self.overwrite(memory)
        unsafe ring.buffers.append((buffer, memory))
    }

    package func push(_ descriptor: Int32, _ request: UringRequest) -> Bool {
        let ring = ring(descriptor)
        guard ring.submissions.count < ring.submissionEntries else { return false }
        ring.submissions.append(SimulatedRing.Operation(request))
        return true
    }

    package func pushCancelAll(_ descriptor: Int32) -> Bool {
        let ring = ring(descriptor)
        _ = submit(descriptor)
        for operation in ring.underWay where !operation.isOver { finish(operation, -ECANCELED, ring) }
        return true
    }

    package func submit(_ descriptor: Int32) -> Int32 {
        tick()
        let ring = ring(descriptor)
        var count = ring.submissions.count
        if count > 0, occurs(.partialSubmission) { count = random.number(0...(count - 1)) }
        let taken = ring.submissions.prefix(count)
        ring.submissions.removeFirst(count)
        for operation in taken { start(operation, ring) }
        trace.note("submit", descriptor, count, at: nanoseconds)
        return Int32(count)
    }

    package func enter(_ descriptor: Int32, timeout: Int64) -> Int32 {
        let ring = ring(descriptor)
        if occurs(.interruptedCall) { return random.pick(ring.overflow.isEmpty ? [-EINTR, -EAGAIN] : [-EINTR, -EAGAIN, -EBUSY]) }
        let wanted = ring.submissions.count
        let taken = submit(descriptor)
        flushOverflow(ring)
        work(ring)
        // A submission that was taken only in part does not wait (io_uring_enter(2)).
        guard timeout != 0, Int(taken) == wanted, ring.completions.isEmpty else { return taken }
        if current == nil { passUntilSomethingArrives(ring) } else { sleepCurrent(on: descriptor, timeout: timeout) }
        return ring.completions.isEmpty && timeout > 0 ? -ETIME : taken
    }

    /// A loop that ends waits for its ring; nobody else has a turn meanwhile.
    private func passUntilSomethingArrives(_ ring: SimulatedRing) {
        let next = ring.moment(after: nanoseconds)
        if next < .max { nanoseconds = next }
        work(ring)
    }

    package func readyCount(_ descriptor: Int32) -> Int { ring(descriptor).completions.count }
    package func hasOverflow(_ descriptor: Int32) -> Bool { !ring(descriptor).overflow.isEmpty }
    package func completion(_ descriptor: Int32, at index: Int) -> RingCompletion { ring(descriptor).completions[index].completion }

    package func advance(_ descriptor: Int32, by count: Int) {
        let ring = ring(descriptor)
        for arrival in ring.completions.prefix(count) {
            if let operation = arrival.operation, !operation.isMemoryUntouched {
                report(.sendMemory, "the bytes of \(operation.request.token) changed while the kernel had them")
            }
        }
        ring.completions.removeFirst(count)
    }
}
