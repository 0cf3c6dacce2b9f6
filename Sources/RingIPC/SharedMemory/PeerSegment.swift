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
        var file = file
        let size = try PassedFile.size(of: &file, during: .handshake)
        guard let layout = SegmentLayout(fileSize: size) else {
            throw PassedFile.refused("has a size that no segment has", during: .handshake)
        }
        guard layout.ringSize <= largestRing else {
            throw PassedFile.refused("has a ring of \(layout.ringSize) bytes, the limit is \(largestRing)", during: .handshake)
        }
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
