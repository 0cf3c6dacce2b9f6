import Glibc

@testable import RingIPC

/// How a peer goes away without another word. For the kernel it should be the same.
enum Death: String, CaseIterable, Sendable {
    case close
    case kill

    /// The end of `peer`: its socket is closed, by itself or by the death of the one process that has it open.
    func strike(_ peer: RawPeer) throws {
        guard self == .kill else { return peer.close() }
        let holder = try ChildProcess("/bin/sleep", ["60"], input: peer.descriptor)
        peer.close()
        holder.kill()
    }
}

/// Waits until the kernel says that nobody has the other end of `descriptor` open. A child of another test, which is between its start and its
/// program, has every descriptor of this process for a moment.
func awaitHangup(at descriptor: Int32) throws {
    var watched = pollfd(fd: descriptor, events: 0, revents: 0)
    guard unsafe poll(&watched, 1, 30_000) == 1, watched.revents & Int16(POLLHUP) != 0 else { throw TookTooLong(what: "a hang-up") }
}

extension RawPeer {
    /// Waits until so many bytes wait here that nobody has read.
    func awaitUnread(_ count: Int32) throws {
        let limit = ContinuousClock.now + safetyNet
        while true {
            var unread: Int32 = 0
            precondition(unsafe ioctl(descriptor, UInt(FIONREAD), &unread) == 0)
            if unread >= count { return }
            if ContinuousClock.now > limit { throw TookTooLong(what: "\(count) bytes that wait") }
            sched_yield()
        }
    }
}
