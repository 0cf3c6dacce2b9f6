internal import CRingIPC

/// No interface in between: `recv` itself polls and sleeps. The cheapest way for one connection, and what `automatic` means there.
struct DirectDriver: BlockingDriver, ~Copyable {
    let descriptor: Int32
    var waits = WaitCounters()
    var spinBudget: SpinBudget

    init(descriptor: Int32, configuration: Configuration) {
        self.descriptor = descriptor
        spinBudget = SpinBudget(configuration.wait)
    }

    mutating func poll(into memory: UnsafeMutableRawBufferPointer) -> Int {
        waits.systemCalls &+= 1
        let result = unsafe ringipc_receive(descriptor, memory.baseAddress, memory.count, Int32(MSG_DONTWAIT))
        return result == -Int(EINTR) ? -Int(EAGAIN) : result
    }

    mutating func sleep(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        while true {
            waits.wakeups &+= 1
            guard let deadline else {
                waits.systemCalls &+= 1
                // The descriptor itself is in blocking mode.
                let result = unsafe ringipc_receive(descriptor, memory.baseAddress, memory.count, 0)
                // Whoever shares the socket can have made it non-blocking, which is a property of the open file and not of the descriptor.
                if result == -Int(EAGAIN) { _ = ringipc_poll(descriptor, Int16(POLLIN), -1) }
                if result != -Int(EINTR), result != -Int(EAGAIN) { return result }
                continue
            }
            waits.systemCalls &+= 1
            let remaining = max(0, deadline - ringipc_monotonic_nanoseconds())
            let events = ringipc_poll(descriptor, Int16(POLLIN), remaining)
            if events == 0 { return -Int(ETIMEDOUT) }
            if events < 0 && events != -EINTR { return Int(events) }
            let result = unsafe poll(into: memory)
            if result != -Int(EAGAIN) { return result }
        }
    }

    mutating func settle() -> Int { -Int(EAGAIN) }
}
