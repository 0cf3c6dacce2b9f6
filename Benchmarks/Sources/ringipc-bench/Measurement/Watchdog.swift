internal import CBenchmark

/// Turns a message that never comes into a failure: a process that waits for it would wait for ever, and a deadline on each
/// message would be part of what is measured.
struct Watchdog {
    /// Starts to watch. The process ends with a failure when `limit` seconds pass without news.
    static func start(limit: UInt32 = 10) -> Watchdog {
        bench_watchdog_start(limit)
        return Watchdog()
    }

    /// Costs a plain store.
    @inline(__always)
    func note(_ message: Int) { bench_note_progress(UInt64(truncatingIfNeeded: message)) }

    func end() { bench_watchdog_end() }
}
