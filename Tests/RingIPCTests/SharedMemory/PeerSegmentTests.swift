import Glibc
import Testing

@testable import RingIPC

/// A descriptor that no honest peer passes.
enum WrongDescriptor: String, CaseIterable, Sendable {
    case tooSmall, oneByteLess, oneByteMore, noPowerOfTwo, overTheLimit, empty, veryLarge
    case unsealed, shrinkMissing, growMissing, futureWriteMissing, sealMissing
    case regularFile, fileOfThatFileSystem, directory, fifo, socket, device, closed, forWritingOnly, nameOnly

    static let ringSize = 8_192
    static let limit = 65_536

    /// What the receiver says is wrong.
    var reason: String {
        switch self {
        case .tooSmall, .oneByteLess, .oneByteMore, .noPowerOfTwo, .empty, .veryLarge: "a size that no segment has"
        case .overTheLimit: "a ring of 131072 bytes, the limit is 65536"
        case .unsealed, .fileOfThatFileSystem: "lacks F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE"
        case .shrinkMissing: "lacks F_SEAL_SHRINK;"
        case .growMissing: "lacks F_SEAL_GROW;"
        case .futureWriteMissing: "lacks F_SEAL_FUTURE_WRITE;"
        case .sealMissing: "lacks F_SEAL_SEAL;"
        case .regularFile: "not a memory file of ordinary pages"
        case .directory: "is a directory"
        case .fifo: "is a FIFO"
        case .socket: "is a socket"
        case .device: "is a character device"
        case .closed: "is not open"
        case .forWritingOnly: "cannot be mapped for reading"
        case .nameOnly: "cannot have seals"
        }
    }

    func make() throws -> Int32 {
        let whole = SegmentLayout.headLength + Self.ringSize
        switch self {
        case .tooSmall: return try file(SegmentLayout.headLength)
        case .oneByteLess: return try file(whole - 1)
        case .oneByteMore: return try file(whole + 1)
        case .noPowerOfTwo: return try file(whole + 4_096)
        case .overTheLimit: return try file(SegmentLayout.headLength + 2 * Self.limit)
        case .empty: return try file(0)
        case .veryLarge: return try file(1 << 60)
        case .unsealed: return try file(whole, without: SharedSegment.seals)
        case .shrinkMissing: return try file(whole, without: 0x2)
        case .growMissing: return try file(whole, without: 0x4)
        case .futureWriteMissing: return try file(whole, without: 0x10)
        case .sealMissing: return try file(whole, without: 0x1)
        case .regularFile: return try named("/var/tmp", whole)
        case .fileOfThatFileSystem: return try named("/dev/shm", whole)
        case .directory: return unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        case .fifo: return unsafe twoEnds { unsafe pipe($0) }
        case .socket: return unsafe twoEnds { unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, $0) }
        case .device: return unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        case .closed:
            let descriptor = try file(whole)
            // No other test gets so high a number.
            let high = fcntl(descriptor, F_DUPFD_CLOEXEC, 900)
            _ = (Glibc.close(descriptor), Glibc.close(high))
            return high
        case .forWritingOnly: return try reopened(O_WRONLY)
        case .nameOnly: return try reopened(0o10000000)  // O_PATH
        }
    }

    private func file(_ size: Int, without missing: Int32 = 0) throws -> Int32 {
        let file = try SharedSegment.makeFile(size)
        try SharedSegment.seal(file, SharedSegment.seals & ~missing)
        return duplicate(file.number)
    }

    private func reopened(_ flags: Int32) throws -> Int32 {
        let descriptor = try file(SegmentLayout.headLength + Self.ringSize)
        defer { _ = Glibc.close(descriptor) }
        return reopen(descriptor, flags)
    }

    private func named(_ folder: String, _ size: Int) throws -> Int32 {
        var template = Array((folder + "/ringipc-XXXXXX").utf8CString)
        let descriptor = unsafe template.withUnsafeMutableBufferPointer { unsafe mkstemp($0.baseAddress!) }
        require(descriptor >= 0, folder)
        _ = unsafe template.withUnsafeBufferPointer { unsafe unlink($0.baseAddress!) }
        require(ftruncate(descriptor, size) == 0)
        return descriptor
    }

    /// One of two descriptors; the other is closed.
    private func twoEnds(_ make: (UnsafeMutablePointer<Int32>) -> Int32) -> Int32 {
        var ends: [Int32] = [-1, -1]
        require(unsafe ends.withUnsafeMutableBufferPointer { unsafe make($0.baseAddress!) } == 0)
        _ = Glibc.close(ends[1])
        return ends[0]
    }
}

@Suite struct PeerSegmentTests {
    @Test(arguments: WrongDescriptor.allCases)
    func `a wrong descriptor is refused with its reason, and nothing of it stays`(_ wrong: WrongDescriptor) throws {
        let descriptor = try wrong.make()
        let file = wrong == .closed ? nil : MemoryFile(descriptor)
        let error = transportError { () throws(TransportError) in _ = try adopt(descriptor, largestRing: WrongDescriptor.limit) }
        #expect(error?.operation == .handshake)
        #expect(error?.code == (wrong == .forWritingOnly ? .accessDenied : .invalidSharedMemory))
        #expect(error?.detail.contains(wrong.reason) == true, "\(error?.detail ?? "taken")")
        if let file { #expect(!file.isOpen(at: descriptor) && file.mappingCount == 0) }
    }
}
