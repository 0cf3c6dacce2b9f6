internal import CRingIPC

/// One socket behind epoll: what a program has that waits in `epoll_wait`.
struct EpollDriver: BlockingDriver, ~Copyable {
    let descriptor: Int32
    private let epoll: OwnedDescriptor
    var waits = WaitCounters()
    var spinBudget: SpinBudget

    init(descriptor: Int32, configuration: Configuration) throws(TransportError) {
        let epoll = try OwnedDescriptor(ringipc_epoll(), during: .run)
        let result = ringipc_epoll_control(epoll.number, EPOLL_CTL_ADD, descriptor, UInt32(EPOLLIN.rawValue), 0)
        guard result >= 0 else { throw TransportError(systemError: -result, during: .run) }
        self.descriptor = descriptor
        self.epoll = epoll
        spinBudget = SpinBudget(configuration.wait)
    }

    mutating func poll(into memory: UnsafeMutableRawBufferPointer) -> Int { unsafe wait(0, into: memory) }

    mutating func sleep(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        while true {
            waits.wakeups &+= 1
            let timeout = deadline.map { max(0, $0 - ringipc_monotonic_nanoseconds()) } ?? -1
            let result = unsafe wait(timeout, into: memory)
            if result != -Int(EAGAIN) { return result }
            if timeout == 0 { return -Int(ETIMEDOUT) }
        }
    }

    private mutating func wait(_ timeoutNanoseconds: Int64, into memory: UnsafeMutableRawBufferPointer) -> Int {
        var event = unsafe epoll_event()
        waits.systemCalls &+= 1
        let count = unsafe ringipc_epoll_wait(epoll.number, &event, 1, timeoutNanoseconds)
        if count == 0 || count == -EINTR { return -Int(EAGAIN) }
        if count < 0 { return Int(count) }
        waits.systemCalls &+= 1
        let result = unsafe ringipc_receive(descriptor, memory.baseAddress, memory.count, Int32(MSG_DONTWAIT))
        return result == -Int(EINTR) ? -Int(EAGAIN) : result
    }

    mutating func settle() -> Int { -Int(EAGAIN) }
}
