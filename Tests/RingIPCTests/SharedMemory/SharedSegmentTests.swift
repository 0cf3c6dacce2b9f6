import Glibc
import Testing

@testable import RingIPC

@Suite struct SharedSegmentTests {
    private static let ringSize = 8_192
    private static let head = SegmentLayout.headLength

    @Test func `a new segment is zero and takes no memory`() throws {
        let segment = try SharedSegment(ringSize: SegmentLayout.largestRing)
        var status = stat()
        let result = unsafe fstat(segment.descriptor!, &status)
        #expect(result == 0 && status.st_blocks == 0)
        let (first, last) = unsafe (
            segment.base.load(as: UInt64.self), segment.base.load(fromByteOffset: segment.layout.mappedSize - 8, as: UInt64.self)
        )
        #expect(first == 0 && last == 0)
    }

    @Test func `the peer sees what the owner writes, and the ring twice in a row`() throws {
        let segment = try SharedSegment(ringSize: Self.ringSize)
        let peer = try adopt(duplicate(segment.descriptor!))
        #expect(peer.layout == segment.layout)
        for offset in [0, 128, Self.head, Self.head + Self.ringSize - 8, Self.head + Self.ringSize, Self.head + 2 * Self.ringSize - 8] {
            unsafe segment.base.storeBytes(of: UInt64(offset) + 1, toByteOffset: offset, as: UInt64.self)
            #expect(unsafe peer.base.load(fromByteOffset: offset, as: UInt64.self) == UInt64(offset) + 1)
            guard offset >= Self.head else { continue }
            let twin = Self.head + (offset - Self.head) ^ Self.ringSize
            #expect(unsafe peer.base.load(fromByteOffset: twin, as: UInt64.self) == UInt64(offset) + 1)
            #expect(unsafe segment.base.load(fromByteOffset: twin, as: UInt64.self) == UInt64(offset) + 1)
        }
    }

    @Test func `the memory outlives its descriptors, and goes with its owners`() throws {
        let file: MemoryFile
        let (descriptor, passed): (Int32, Int32)
        do {
            var segment = try SharedSegment(ringSize: Self.ringSize)
            descriptor = segment.descriptor!
            file = MemoryFile(descriptor)
            #expect(file.mappingCount == 2)
            passed = duplicate(descriptor)
            let peer = try adopt(passed)
            #expect(!file.isOpen(at: passed) && file.mappingCount == 4)
            segment.closeDescriptor()
            #expect(segment.descriptor == nil && !file.isOpen(at: descriptor))
            unsafe segment.base.storeBytes(of: 7, as: UInt64.self)
            #expect(unsafe peer.base.load(as: UInt64.self) == 7)
        }
        #expect(file.mappingCount == 0 && !file.isOpen(at: descriptor) && !file.isOpen(at: passed))
    }

    @Test func `a segment that is given up takes its descriptor along`() throws {
        let file: MemoryFile
        let descriptor: Int32
        do {
            let segment = try SharedSegment(ringSize: Self.ringSize)
            descriptor = segment.descriptor!
            file = MemoryFile(descriptor)
        }
        #expect(!file.isOpen(at: descriptor) && file.mappingCount == 0)
    }

    @Test func `nobody can change a sealed file or map it for writing`() throws {
        let segment = try SharedSegment(ringSize: Self.ringSize)
        let descriptor = segment.descriptor!
        #expect(ftruncate(descriptor, 4_096) == -1 && errno == EPERM, "it shrinks")
        #expect(ftruncate(descriptor, 1 << 20) == -1 && errno == EPERM, "it grows")
        let writable = unsafe mmap(nil, 4_096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        #expect(unsafe writable == MAP_FAILED && errno == EPERM, "it can be mapped for writing")
        let byte: UInt8 = 1
        let written = unsafe withUnsafeBytes(of: byte) { unsafe pwrite(descriptor, $0.baseAddress!, 1, 0) }
        #expect(written == -1 && errno == EPERM, "it can be written to")
        let unsealed = transportError { () throws(TransportError) in
            try SharedSegment.seal(try OwnedDescriptor(duplicate(descriptor), during: .handshake), SharedSegment.seals)
        }
        #expect(unsealed?.code == .accessDenied && unsealed?.systemError == EPERM, "seals can be added")

        let peer = try adopt(duplicate(descriptor))
        let result = unsafe mprotect(UnsafeMutableRawPointer(mutating: peer.base), 4_096, PROT_READ | PROT_WRITE)
        #expect(result == -1 && errno == EACCES, "a receiver's mapping can be made writable")
        // What the owner mapped before stays writable.
        unsafe segment.base.storeBytes(of: 9, as: UInt64.self)
    }

    @Test func `a receiver needs no more than a descriptor for reading`() throws {
        let segment = try SharedSegment(ringSize: Self.ringSize)
        let peer = try adopt(reopen(segment.descriptor!, O_RDONLY))
        unsafe segment.base.storeBytes(of: 5, as: UInt64.self)
        #expect(unsafe peer.base.load(as: UInt64.self) == 5)
    }

    @Test func `a ring of a size that none can have is refused before anything is made`() {
        for size in [Int.min, -4_096, 0, 1, 4_095, 4_097, 6_144, 1 << 31, Int.max] {
            let error = transportError { () throws(TransportError) in _ = try SharedSegment(ringSize: size) }
            #expect(error?.code == .invalidConfiguration && error?.detail.contains("\(size) bytes") == true, "\(size)")
        }
    }
}
