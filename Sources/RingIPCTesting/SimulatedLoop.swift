internal import RingIPC

/// A loop over the kernel, and whether it sleeps.
final class SimulatedLoop {
    let loop: EventLoop
    /// `nil` once the loop is over.
    var stepped: (any SteppedLoop)?
    /// What it waits on, while it sleeps: an epoll instance or a ring.
    var waitsOn: Int32?
    /// Whether it looks at nothing before its time.
    var isPaused = false
    /// When its sleep is over at the latest.
    var wakeTime = Int64.max

    init(loop: EventLoop) { self.loop = loop }
}

extension SimulatedKernel {
    /// A wait found nothing. It returns all the same; the loop is not called again before something is ready or its time has come.
    func sleepCurrent(on descriptor: Int32, timeout: Int64) {
        guard timeout != 0, let current else { return }
        current.waitsOn = descriptor
        current.wakeTime = timeout < 0 ? .max : nanoseconds &+ min(timeout, .max - nanoseconds)
    }

    /// The loop is not called again before that time, unless a signal ends the pause.
    package func sleep(until time: Int64) {
        tick()
        trace.note("clock_nanosleep", -1, Int(time), at: nanoseconds)
        guard let current, !occurs(.interruptedCall) else { return }
        current.isPaused = true
        current.wakeTime = time
    }

    func isRunnable(_ loop: SimulatedLoop) -> Bool {
        guard loop.stepped != nil else { return false }
        if loop.wakeTime <= nanoseconds { return true }
        if loop.isPaused { return false }
        guard let descriptor = loop.waitsOn else { return true }
        switch object(descriptor, for: "a wait") {
        case .epoll(let epoll)?: return hasReadyEvent(epoll)
        case .ring(let ring)?: return ring.hasSomethingToDo(self)
        default: return true
        }
    }

    /// When something happens next that nobody has to do anything for.
    var nextMoment: Int64? {
        var next = Int64.max
        for loop in loops where loop.stepped != nil && loop.wakeTime > nanoseconds {
            next = min(next, loop.wakeTime)
        }
        for case .ring(let ring)? in objects { next = min(next, ring.moment(after: nanoseconds)) }
        return next == .max ? nil : next
    }
}
