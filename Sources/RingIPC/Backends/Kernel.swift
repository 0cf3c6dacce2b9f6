internal import CRingIPC

/// The calls of the kernel that loops and their backends make. Linux answers them; below a simulation, a ``KernelDouble`` does.
///
/// A generic parameter everywhere on the data path, so that a call of `LinuxKernel` is the system call and nothing else. Calls return
/// their result or a negated errno, and none of them sleeps but `wait` and `sleep`.
protocol Kernel {
    /// `nil` for Linux itself.
    var double: (any KernelDouble)? { get }
    /// Nanoseconds of a clock that never goes back.
    var now: Int64 { get }

    func accept(_ listener: Int32) -> Int32
    func receive(_ descriptor: Int32, _ memory: UnsafeMutableRawBufferPointer) -> Int
    func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int
    func shutdown(_ descriptor: Int32, _ direction: ShutdownDirection)
    /// Memory of sent data that the peer has not read.
    func unreadBytes(_ descriptor: Int32) -> Int32
    func hasInput(_ descriptor: Int32) -> Bool
    func setNonblocking(_ descriptor: Int32, _ isNonblocking: Bool) -> Int32
    func close(_ descriptor: Int32)

    func makeEpoll() -> Int32
    func control(_ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ interest: UInt32, _ token: UInt64) -> Int32
    /// - Parameter timeout: nanoseconds; negative for ever.
    func wait(_ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>, _ capacity: Int, _ timeout: Int64) -> Int32
    /// Until a time of the clock, whatever happens; but a signal may end it early.
    func sleep(until time: Int64)
}

/// What shutdown(2) ends.
package enum ShutdownDirection: Sendable {
    case sending
    case both
}

struct LinuxKernel: Kernel {
    var double: (any KernelDouble)? { nil }
    var now: Int64 { ringipc_monotonic_nanoseconds() }

    func accept(_ listener: Int32) -> Int32 { ringipc_accept(listener) }
    func receive(_ descriptor: Int32, _ memory: UnsafeMutableRawBufferPointer) -> Int {
        unsafe ringipc_receive(descriptor, memory.baseAddress, memory.count, Int32(MSG_DONTWAIT))
    }
    func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        unsafe ringipc_send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
    }
    func shutdown(_ descriptor: Int32, _ direction: ShutdownDirection) {
        _ = ringipc_shutdown(descriptor, Int32(direction == .sending ? SHUT_WR : SHUT_RDWR))
    }
    func unreadBytes(_ descriptor: Int32) -> Int32 { ringipc_unread_bytes(descriptor) }
    func hasInput(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        return unsafe ringipc_receive(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }
    func setNonblocking(_ descriptor: Int32, _ isNonblocking: Bool) -> Int32 { ringipc_set_nonblocking(descriptor, isNonblocking) }
    func close(_ descriptor: Int32) { _ = ringipc_close(descriptor) }

    func makeEpoll() -> Int32 { ringipc_epoll() }
    func control(_ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ interest: UInt32, _ token: UInt64) -> Int32 {
        ringipc_epoll_control(epoll, operation, descriptor, interest, token)
    }
    func wait(_ epoll: Int32, _ events: UnsafeMutablePointer<epoll_event>, _ capacity: Int, _ timeout: Int64) -> Int32 {
        unsafe ringipc_epoll_wait(epoll, events, Int32(capacity), timeout)
    }
    func sleep(until time: Int64) { ringipc_sleep_until(time) }
}

/// Closes a descriptor where it was opened.
func close(_ descriptor: Int32, of double: (any KernelDouble)?) {
    if let double { double.close(descriptor) } else { _ = ringipc_close(descriptor) }
}
