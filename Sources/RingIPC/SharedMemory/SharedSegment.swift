internal import CRingIPC

/// The memory that this side writes and the other one reads: its ring, its positions, its sleeping word.
///
/// A file without a name. It is mapped for writing first and sealed then, so that nobody can map it for writing any more, change its
/// size or take a seal off: not the peer, and not this process.
@safe
struct SharedSegment: ~Copyable {
    /// What a receiver demands before it maps a segment.
    static let seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL

    let layout: SegmentLayout
    let base: UnsafeMutableRawPointer
    private var file: OwnedDescriptor?

    /// Makes a segment of zeroes. No memory is taken before a byte of it is written.
    ///
    /// - Parameter ringSize: bytes of the ring, a power of two from 4 KiB to 1 GiB.
    /// - Throws: ``TransportError``: `invalidConfiguration` for another size; `accessDenied`, `descriptorsExhausted`, `memoryExhausted` or
    ///   `systemFailure` when the kernel gives no such memory.
    init(ringSize: Int) throws(TransportError) {
        guard let layout = SegmentLayout(ringSize: ringSize) else {
            throw TransportError(
                .invalidConfiguration, during: .handshake,
                detail: "a shared ring of \(ringSize) bytes; it takes a power of two from \(SegmentLayout.smallestRing) to "
                    + "\(SegmentLayout.largestRing)")
        }
        let file = try Self.makeFile(layout.fileSize)
        var mapped: UnsafeMutableRawPointer?
        let result = unsafe ringipc_map_segment(file.number, SegmentLayout.headLength, layout.ringSize, true, &mapped)
        guard result == 0, let memory = unsafe mapped else {
            throw Self.failure(-result, "no shared ring of \(ringSize) bytes can be mapped; see vm.max_map_count and RLIMIT_AS")
        }
        do throws(TransportError) {
            try Self.seal(file, Self.seals)
        } catch {
            _ = unsafe ringipc_unmap(memory, layout.mappedSize)
            throw error
        }
        self.layout = layout
        unsafe base = unsafe memory
        self.file = consume file
    }

    deinit { _ = unsafe ringipc_unmap(base, layout.mappedSize) }

    /// For passing it to the peer; `nil` after ``closeDescriptor()``. It stays this segment's.
    var descriptor: Int32? {
        switch file {
        case .some(let file): file.number
        case .none: nil
        }
    }

    /// The peer has it: the memory stays, the descriptor is not needed any more.
    mutating func closeDescriptor() { file = nil }
}

// MARK: The steps of making one

extension SharedSegment {
    static func makeFile(_ size: Int) throws(TransportError) -> OwnedDescriptor {
        let result = ringipc_memory_file(size)
        guard result >= 0 else { throw failure(-result, "no file of shared memory can be made (memfd_create)") }
        return try OwnedDescriptor(result, during: .handshake)
    }

    static func seal(_ file: borrowing OwnedDescriptor, _ seals: Int32) throws(TransportError) {
        let result = ringipc_add_seals(file.number, seals)
        guard result == 0 else {
            throw failure(-result, "shared memory cannot be sealed; F_SEAL_FUTURE_WRITE needs Linux 5.1")
        }
    }

    private static func failure(_ number: Int32, _ detail: String) -> TransportError {
        TransportError(
            TransportError(systemError: number, during: .handshake).code, during: .handshake, systemError: number, detail: detail)
    }
}
