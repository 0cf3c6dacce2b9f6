internal import CRingIPC

/// The segment that the other side writes: mapped for reading only, after everything about its file was checked.
///
/// A file that could shrink would be a SIGBUS in this process, and one that somebody else can map for writing would let a third process
/// speak for the peer. The bytes themselves can change at any time: `Docs/SharedMemory.md` says what follows from that.
@safe
struct PeerSegment: ~Copyable {
    let layout: SegmentLayout
    let base: UnsafeRawPointer

    /// Maps the segment that a peer has passed. The descriptor is closed in every case.
    ///
    /// - Parameters:
    ///   - file: what came from the peer.
    ///   - largestRing: bytes of the largest ring that is taken: a ring that the peer has not touched takes memory when it is read.
    /// - Throws: ``TransportError``: `invalidSharedMemory` when it is no such segment, and then nothing was mapped; `memoryExhausted`,
    ///   `accessDenied` or `systemFailure` when the kernel does not map it.
    init(adopting file: consuming OwnedDescriptor, largestRing: Int) throws(TransportError) {
        let layout = try Self.checked(file, largestRing: largestRing)
        var mapped: UnsafeMutableRawPointer?
        let result = unsafe ringipc_map_segment(file.number, SegmentLayout.headLength, layout.ringSize, false, &mapped)
        guard result == 0, let memory = unsafe mapped else {
            throw TransportError(
                TransportError(systemError: -result, during: .handshake).code, during: .handshake, systemError: -result,
                detail: "the peer's shared ring of \(layout.ringSize) bytes cannot be mapped for reading")
        }
        self.layout = layout
        unsafe base = UnsafeRawPointer(memory)
    }

    deinit { _ = unsafe ringipc_unmap(UnsafeMutableRawPointer(mutating: base), layout.mappedSize) }
}

// MARK: What the file must be

extension PeerSegment {
    private static func checked(_ file: borrowing OwnedDescriptor, largestRing: Int) throws(TransportError) -> SegmentLayout {
        guard let status = FileStatus(of: file.number) else { throw refused("is not open") }
        guard status.isRegularFile else { throw refused("is \(status.kind), not a memory file") }
        // A file of huge pages takes seals, too, but reading it can be a SIGBUS when none is free.
        guard ringipc_file_system(file.number) == Int64(TMPFS_MAGIC) else { throw refused("is not a memory file of ordinary pages") }
        try requireSeals(file)
        // The size is read behind the seals: before them it could still change.
        guard let size = FileStatus(of: file.number)?.size, let layout = SegmentLayout(fileSize: size) else {
            throw refused("has a size that no segment has")
        }
        guard layout.ringSize <= largestRing else {
            throw refused("has a ring of \(layout.ringSize) bytes, the limit is \(largestRing)")
        }
        return layout
    }

    private static func requireSeals(_ file: borrowing OwnedDescriptor) throws(TransportError) {
        let seals = ringipc_seals(file.number)
        guard seals >= 0 else { throw refused("cannot have seals") }
        let names = [
            (F_SEAL_SHRINK, "F_SEAL_SHRINK"), (F_SEAL_GROW, "F_SEAL_GROW"), (F_SEAL_FUTURE_WRITE, "F_SEAL_FUTURE_WRITE"),
            (F_SEAL_SEAL, "F_SEAL_SEAL"),
        ]
        let missing = names.filter { seals & $0.0 == 0 }.map(\.1)
        guard missing.isEmpty else { throw refused("lacks \(missing.joined(separator: ", "))") }
    }

    private static func refused(_ reason: String) -> TransportError {
        TransportError(
            .invalidSharedMemory, during: .handshake,
            detail: "the descriptor that the peer passed \(reason); it must be a sealed memory file as Docs/SharedMemory.md describes it")
    }
}
