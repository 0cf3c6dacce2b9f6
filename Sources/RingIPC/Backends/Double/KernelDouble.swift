internal import CRingIPC

/// A kernel that stands in for Linux below event loops: everything that a loop, its backend and its sockets ask of the kernel.
///
/// The backends themselves run unchanged above it: `EpollBackend` on its sockets and readiness, `UringBackend` on its queues. Results are
/// those of the system calls, errors negated errno values. A double and all its loops belong to one thread; a call never sleeps:
/// a wait for which nothing is ready returns as if it had been interrupted, and whoever runs the double calls the loop again.
package protocol KernelDouble: AnyObject, Sendable {
    /// Nanoseconds of its clock.
    var now: Int64 { get }
    /// Returns at once. The loop is not called again before that time, whatever is ready; but it may be, as after a signal.
    func sleep(until time: Int64)

    // MARK: Sockets

    func listen(on endpoint: Endpoint, backlog: Int32) -> Int32
    /// One attempt; `-EAGAIN` while the listen queue is full.
    func connect(to endpoint: Endpoint) -> Int32
    func accept(_ listener: Int32) -> Int32
    func receive(_ descriptor: Int32, _ memory: UnsafeMutableRawBufferPointer) -> Int
    func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int
    func shutdown(_ descriptor: Int32, _ direction: ShutdownDirection)
    func unreadBytes(_ descriptor: Int32) -> Int32
    func hasInput(_ descriptor: Int32) -> Bool
    func credentials(of descriptor: Int32) -> PeerCredentials
    func close(_ descriptor: Int32)

    // MARK: eventfd

    func makeEvent() -> Int32
    func signal(_ event: Int32)
    func drain(_ event: Int32)

    // MARK: epoll

    func makeEpoll() -> Int32
    func control(_ epoll: Int32, _ operation: EpollOperation, _ descriptor: Int32, _ interest: UInt32, _ token: UInt64) -> Int32
    /// What is ready, or `-EINTR`.
    func wait(_ epoll: Int32, capacity: Int, timeout: Int64) -> Result<[ReadyEvent], Errno>

    // MARK: io_uring

    func makeRing() -> Int32
    func registerBuffers(_ ring: Int32, count: Int) -> Int32
    func provide(_ ring: Int32, buffer: UInt16, _ memory: UnsafeMutableRawBufferPointer)
    /// Queues a request. `false` when the submission queue is full.
    func push(_ ring: Int32, _ request: UringRequest) -> Bool
    func pushCancelAll(_ ring: Int32) -> Bool
    /// Takes requests from the queue, perhaps not all. Returns how many.
    func submit(_ ring: Int32) -> Int32
    /// Submits, and completes what can be completed.
    func enter(_ ring: Int32, timeout: Int64) -> Int32
    func readyCount(_ ring: Int32) -> Int
    func hasOverflow(_ ring: Int32) -> Bool
    func completion(_ ring: Int32, at index: Int) -> RingCompletion
    func advance(_ ring: Int32, by count: Int)
}

package enum EpollOperation: Sendable { case add, modify, delete }

/// An event that epoll_wait(2) reports.
package struct ReadyEvent: Sendable {
    package let token: UInt64
    package let events: UInt32

    package static let input = EPOLLIN.rawValue
    package static let output = EPOLLOUT.rawValue
    package static let hangUp = EPOLLHUP.rawValue
    package static let error = EPOLLERR.rawValue

    package init(token: UInt64, events: UInt32) {
        self.token = token
        self.events = events
    }
}

/// The number of an error, positive.
package struct Errno: Error {
    package let number: Int32
    package init(_ number: Int32) { self.number = number }
}
