internal import Glibc
internal import Synchronization

/// Turns a message that never comes into a failure: a process that waits for it would wait for ever, and a deadline on each
/// message would be part of what is measured.
final class Watchdog: Sendable {
    private static let ended = Int.max
    private let progress = Atomic<Int>(0)

    /// Starts to watch. The process ends with a failure when `limit` seconds pass without news.
    static func start(limit: UInt32 = 10) throws -> Watchdog {
        let watchdog = Watchdog()
        try BackgroundThread.start {
            var last = -1
            while true {
                sleep(limit)
                let now = watchdog.progress.load(ordering: .relaxed)
                if now == ended { return }
                guard now != last else {
                    StandardError.line("no progress for \(limit) s after message \(now): a message was lost")
                    _exit(1)
                }
                last = now
            }
        }
        return watchdog
    }

    /// Costs a plain store.
    @inline(__always)
    func note(_ message: Int) { progress.store(message, ordering: .relaxed) }

    func end() { note(Self.ended) }
}
