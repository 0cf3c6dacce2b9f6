import Glibc

@testable import RingIPC

/// Number and file of every open descriptor.
private func openDescriptors() -> [String] {
    entries(of: "/proc/self/fd").compactMap { number in
        var target = [UInt8](repeating: 0, count: 256)
        let count = unsafe target.withUnsafeMutableBytes { buffer in
            unsafe readlink("/proc/self/fd/" + number, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        // The descriptor of the listing itself is closed by now.
        return count > 0 ? number + " " + String(decoding: target[..<count], as: UTF8.self) : nil
    }
}

/// What this process has open of what the library opens: sockets, rings, memory files; and how many eventfds and epoll sets, of
/// which the runtime opens some of its own, when it likes.
struct OpenDescriptors {
    let named: Set<String>
    let eventCount: Int

    init() {
        let all = openDescriptors()
        named = Set(all.filter { $0.contains(" socket:") || $0.contains("[io_uring]") || $0.contains("memfd:") })
        eventCount = all.count { $0.contains("[eventpoll]") || $0.contains("[eventfd]") }
    }

    /// What is there now and was not before; empty if nothing was left.
    func left(since before: OpenDescriptors) -> [String] {
        let left = named.subtracting(before.named).sorted()
        return eventCount > before.eventCount + 4 ? left + ["\(eventCount - before.eventCount) eventfds and epoll sets"] : left
    }
}

/// One socket, whatever number it has: tells whether anybody in this process still has it open under `descriptor`.
struct SocketIdentity: Sendable {
    let descriptor: Int32
    private let inode: UInt64

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        inode = Self.inode(of: descriptor) ?? 0
    }

    var isOpen: Bool { Self.inode(of: descriptor) == inode }

    private static func inode(of descriptor: Int32) -> UInt64? {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : nil
    }
}

/// For a process of its own.
func setDescriptorLimit(_ count: rlim_t) {
    var limit = rlimit()
    require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    limit.rlim_cur = count
    require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
}
