internal import CRingIPC

/// A double in the place of Linux.
struct DoubledKernel: Kernel {
    let standIn: any KernelDouble
    var double: (any KernelDouble)? { standIn }
    var now: Int64 { standIn.now }

    func accept(_ listener: Int32) -> Int32 { standIn.accept(listener) }
    func receive(_ descriptor: Int32, _ memory: UnsafeMutableRawBufferPointer) -> Int { unsafe standIn.receive(descriptor, memory) }
    func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int { unsafe standIn.send(descriptor, bytes) }
    func shutdown(_ descriptor: Int32, _ direction: ShutdownDirection) { standIn.shutdown(descriptor, direction) }
    func unreadBytes(_ descriptor: Int32) -> Int32 { standIn.unreadBytes(descriptor) }
    func hasInput(_ descriptor: Int32) -> Bool { standIn.hasInput(descriptor) }
    func setNonblocking(_ descriptor: Int32, _ isNonblocking: Bool) -> Int32 { 0 }
    func close(_ descriptor: Int32) { standIn.close(descriptor) }

    func makeEpoll() -> Int32 { standIn.makeEpoll() }
    func control(_ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ interest: UInt32, _ token: UInt64) -> Int32 {
        let meaning: EpollOperation = operation == EPOLL_CTL_ADD ? .add : operation == EPOLL_CTL_MOD ? .modify : .delete
        return standIn.control(epoll, meaning, descriptor, interest, token)
    }
    func wait(_ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>, _ capacity: Int, _ timeout: Int64) -> Int32 {
        switch standIn.wait(epoll, capacity: capacity, timeout: timeout) {
        case .failure(let error): return -error.number
        case .success(let ready):
            for (index, event) in ready.enumerated() { unsafe ringipc_epoll_set(events, index, event.events, event.token) }
            return Int32(ready.count)
        }
    }
    func sleep(until time: Int64) { standIn.sleep(until: time) }
}

/// The queues of a ring that a double runs.
struct DoubledQueues: RingQueues {
    let kernel: DoubledKernel
    private let ring: Int32
    private var standIn: any KernelDouble { kernel.standIn }

    /// - Throws: the errno of making the ring or registering buffers.
    init(_ double: any KernelDouble) throws(UringUnavailable) {
        kernel = DoubledKernel(standIn: double)
        ring = double.makeRing()
        guard ring >= 0 else { throw UringUnavailable(systemError: -ring) }
    }

    func registerBuffers(count: Int) -> Int32 { standIn.registerBuffers(ring, count: count) }
    func add(_ buffer: UInt16, _ memory: UnsafeMutableRawBufferPointer, offset: Int32) {
        unsafe standIn.provide(ring, buffer: buffer, memory)
    }
    func publish(_ count: Int32) {}
    func push(_ request: UringRequest) -> Bool { standIn.push(ring, request) }
    func pushCancelAll() -> Bool { standIn.pushCancelAll(ring) }
    func submit() -> Int32 { standIn.submit(ring) }
    func enter(timeout: Int64) -> Int32 { standIn.enter(ring, timeout: timeout) }
    var readyCount: Int { standIn.readyCount(ring) }
    var hasOverflow: Bool { standIn.hasOverflow(ring) }
    func completion(_ index: Int) -> RingCompletion { standIn.completion(ring, at: index) }
    func advance(_ count: Int) { standIn.advance(ring, by: count) }
    func close() { standIn.close(ring) }
}
