import Glibc

@testable import RingIPC

/// Sockets and files that this process has open. Not the runtime's own (timers, eventfds of dispatch), which come when they like.
func openSocketsAndFiles() -> Set<String> {
    var found: Set<String> = []
    for number in entries(of: "/proc/self/fd") {
        var target = [UInt8](repeating: 0, count: 256)
        let count = unsafe target.withUnsafeMutableBytes { buffer in
            unsafe readlink("/proc/self/fd/" + number, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        // The descriptor of the listing itself is closed by now.
        guard count > 0 else { continue }
        let file = String(decoding: target[..<count], as: UTF8.self)
        if !file.hasPrefix("anon_inode:[timerfd]"), !file.hasPrefix("anon_inode:[eventpoll]"), !file.hasPrefix("anon_inode:[eventfd]") {
            found.insert("\(number) \(file)")
        }
    }
    return found
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
