import Glibc

@testable import RingIPC

/// A file of shared memory, recognised whatever number it has: who still has it open or mapped?
struct MemoryFile {
    let inode: UInt64

    /// How many descriptors of this process lead to it.
    var openCount: Int { entries(of: "/proc/self/fd").count { number in Int32(number).map(isOpen) ?? false } }
    init(inode: UInt64) { self.inode = inode }

    init(_ descriptor: Int32) {
        var status = stat()
        require(unsafe fstat(descriptor, &status) == 0)
        inode = UInt64(status.st_ino)
    }

    /// How many mappings of it this process has.
    var mappingCount: Int {
        contents(of: "/proc/self/maps").split(separator: "\n").count { line in
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            return fields.count == 6 && fields[4] == "\(inode)" && fields[5].contains("memfd:ringipc")
        }
    }

    /// What this process still has of it; `nil` if nothing. Descriptors that somebody passed may be closed a moment later, by another thread.
    func remains() -> String? {
        let limit = ContinuousClock.now + safetyNet
        while ContinuousClock.now < limit {
            if mappingCount == 0, !entries(of: "/proc/self/fd").contains(where: { isOpen(at: Int32($0) ?? -1) }) { return nil }
            sched_yield()
        }
        return "\(mappingCount) mappings or a descriptor of the file \(inode)"
    }

    /// Whether the descriptor of that number is open and leads to it.
    func isOpen(at descriptor: Int32) -> Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && UInt64(status.st_ino) == inode
    }
}

/// A file of the kernel's, which does not know its size before it is read.
private func contents(of path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    require(descriptor >= 0, path)
    defer { _ = close(descriptor) }
    var (bytes, piece) = ([] as [UInt8], [UInt8](repeating: 0, count: 65_536))
    while true {
        let count = unsafe piece.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress!, $0.count) }
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += piece[..<count]
    }
}

/// A second descriptor, as one that was passed by a peer.
func duplicate(_ descriptor: Int32) -> Int32 {
    let result = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    require(result >= 0)
    return result
}

/// The same file opened anew, in another mode.
func reopen(_ descriptor: Int32, _ flags: Int32) -> Int32 {
    let result = unsafe open("/proc/self/fd/\(descriptor)", flags | O_CLOEXEC)
    require(result >= 0)
    return result
}

/// A peer's segment from a descriptor that is given away.
func adopt(_ descriptor: Int32, largestRing: Int = SegmentLayout.largestRing) throws(TransportError) -> PeerSegment {
    try PeerSegment(adopting: try OwnedDescriptor(descriptor, during: .handshake), largestRing: largestRing)
}
