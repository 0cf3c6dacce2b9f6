internal import RingIPC
internal import Synchronization

/// Ends a loop and keeps what it did: its statistics are seen only from its own thread.
final class LoopEnd: Sendable {
    private let kept = Mutex(Statistics())

    var statistics: Statistics { kept.withLock { $0 } }

    func stop(_ loop: EventLoop) {
        loop.post { context in
            let statistics = context.statistics
            self.kept.withLock { $0 = statistics }
            context.stop()
        }
    }
}
