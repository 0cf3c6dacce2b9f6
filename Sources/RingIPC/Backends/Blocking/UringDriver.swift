internal import CRingIPC

/// One socket behind a ring of its own: a single-shot receive straight into the connection's memory.
struct UringDriver: BlockingDriver, ~Copyable {
    let descriptor: Int32
    private var ring: LinuxRing
    private var isArmed = false
    var waits: WaitCounters {
        get { WaitCounters(systemCalls: ring.systemCalls, wakeups: wakeups) }
        set { wakeups = newValue.wakeups }
    }
    private var wakeups: UInt64 = 0
    var spinBudget: SpinBudget

    private static let token = Token(.receive, slot: 0, generation: 0)

    init(descriptor: Int32, configuration: Configuration) throws(UringUnavailable) {
        ring = try LinuxRing(entries: 8, completions: 64, allowed: configuration.uringFeatures)
        self.descriptor = descriptor
        spinBudget = SpinBudget(configuration.wait)
    }

    private mutating func arm(_ memory: UnsafeMutableRawBufferPointer) {
        guard !isArmed else { return }
        isArmed = true
        unsafe ring.enqueue(UringRequest(kind: .receive(memory), descriptor: descriptor, token: Self.token))
    }

    mutating func poll(into memory: UnsafeMutableRawBufferPointer) -> Int {
        unsafe arm(memory)
        return enter(.poll)
    }

    mutating func sleep(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        while true {
            // Again after an interrupted one.
            unsafe arm(memory)
            wakeups &+= 1
            guard let deadline else {
                let result = enter(.forever)
                if result != -Int(EAGAIN) { return result }
                continue
            }
            let now = ringipc_monotonic_nanoseconds()
            let result = enter(.until(deadline: deadline))
            if result != -Int(EAGAIN) { return result }
            if now >= deadline {
                let last = settle()
                return last == -Int(EAGAIN) ? -Int(ETIMEDOUT) : last
            }
        }
    }

    /// The memory of an armed receive belongs to the kernel: ask for it back, and wait until it says that it has let go.
    mutating func settle() -> Int {
        guard isArmed else { return -Int(EAGAIN) }
        ring.enqueue(
            UringRequest(kind: .cancel(Self.token), descriptor: -1, token: Token(.cancel, slot: 0, generation: 0)))
        while isArmed {
            let result = enter(.forever)
            if !isArmed { return result == -Int(ECANCELED) ? -Int(EAGAIN) : result }
        }
        return -Int(EAGAIN)
    }

    /// `-EAGAIN` while the receive has not completed.
    private mutating func enter(_ wait: TurnWait) -> Int {
        do { try ring.enter(wait) } catch { return -Int(error.systemError ?? EIO) }
        var outcome = -Int(EAGAIN)
        ring.reap(upTo: .max) { completion, _ in outcome = Int(completion.result) }
        if outcome == -Int(EAGAIN) { return outcome }
        isArmed = false
        return outcome == -Int(EINTR) ? -Int(EAGAIN) : outcome
    }
}
