internal import Synchronization

/// Jobs for a loop, from any thread.
final class Mailbox: Sendable {
    typealias Job = @Sendable (inout LoopContext) -> Void

    private struct State {
        var jobs: [Job] = []
        /// Wakes the loop's turn; `nil` while it does not run.
        var waker: Waker?
        /// The loop has run and ended. It may run again.
        var isOver = false
    }

    private let state = Mutex(State())

    init() throws(TransportError) {}

    func post(_ job: @escaping Job) { post(job, evenIfOver: true) }

    /// For a job that owns something which must not wait for a next run that may never come: dropped if the loop is over.
    func offer(_ job: @escaping Job) { post(job, evenIfOver: false) }

    private func post(_ job: @escaping Job, evenIfOver: Bool) {
        // One signal per batch: who finds jobs waiting knows that the loop has been called already.
        let waker = state.withLock { state -> Waker? in
            guard evenIfOver || !state.isOver else { return nil }
            state.jobs.append(job)
            return state.jobs.count == 1 ? state.waker : nil
        }
        waker?.wake()
    }

    /// A loop begins to run. Jobs that were posted before are called for at once. `false` when one runs already.
    func open(_ waker: Waker) -> Bool {
        let isFirst = state.withLock { state in
            guard state.waker == nil else { return false }
            state.waker = waker
            state.isOver = false
            return true
        }
        if isFirst { waker.wake() }
        return isFirst
    }

    func close() {
        // Freed outside the lock: what a job owns may post.
        let dropped = state.withLock { state in
            state.waker = nil
            state.isOver = true
            let jobs = state.jobs
            state.jobs = []
            return jobs
        }
        _ = consume dropped
    }

    func takeAll() -> [Job] {
        state.withLock { state in
            let jobs = state.jobs
            state.jobs = []
            return jobs
        }
    }
}
