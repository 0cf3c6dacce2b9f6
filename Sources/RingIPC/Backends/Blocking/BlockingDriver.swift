internal import CRingIPC

/// How a blocking connection waits for input: the one thing in which the interfaces differ when there is a single socket.
///
/// Sending is the same for all: a plain non-blocking `send` beats a request through a ring for one connection (8.6 against
/// 9.4 µs a round trip on one CPU).
protocol BlockingDriver: ~Copyable {
    var waits: WaitCounters { get set }
    var spinBudget: SpinBudget { get set }

    /// One attempt that does not sleep: bytes, 0 at the end of the stream, or a negated errno; `-EAGAIN` when nothing is there.
    mutating func poll(into memory: UnsafeMutableRawBufferPointer) -> Int
    /// Sleeps until something can be said, or until the deadline; then `-ETIMEDOUT`. `memory` is the one of the polls before.
    mutating func sleep(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int
    /// Ends what a poll may have begun. Whatever came in the meantime is returned like by `poll`.
    mutating func settle() -> Int
}

struct WaitCounters {
    var systemCalls: UInt64 = 0
    var wakeups: UInt64 = 0
}

extension BlockingDriver where Self: ~Copyable {
    /// Waits as the strategy says. Nothing is under way any more when it returns.
    mutating func receive(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        if spinBudget.allowance > 0 {
            let result = unsafe spin(into: memory, until: deadline)
            if result != -Int(EAGAIN) { return result }
        }
        // Without a budget to teach there is no need to know how long the sleep was.
        guard spinBudget.maximum > 0 else { return unsafe sleep(into: memory, until: deadline) }
        let start = ringipc_monotonic_nanoseconds()
        let result = unsafe sleep(into: memory, until: deadline)
        spinBudget.slept(nanoseconds: ringipc_monotonic_nanoseconds() - start)
        return result
    }

    /// `-EAGAIN` when the budget is used up, and `-ETIMEDOUT` when the deadline comes first.
    private mutating func spin(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        let allowance = spinBudget.allowance
        let isEndless = allowance == .max && deadline == nil
        let start = isEndless ? 0 : ringipc_monotonic_nanoseconds()
        let end = allowance == .max ? Int64.max : start + allowance
        while true {
            let result = unsafe poll(into: memory)
            if result != -Int(EAGAIN) {
                spinBudget.spinSucceeded()
                return result
            }
            if isEndless { continue }
            let now = ringipc_monotonic_nanoseconds()
            if let deadline, now >= deadline {
                let last = settle()
                return last == -Int(EAGAIN) ? -Int(ETIMEDOUT) : last
            }
            if now >= end {
                spinBudget.spinFailed()
                return -Int(EAGAIN)
            }
        }
    }
}
