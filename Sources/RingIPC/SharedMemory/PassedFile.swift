internal import CRingIPC

/// What a file must be that a peer has passed as shared memory.
enum PassedFile {
    /// The size of a memory file that nobody can change in size, or map for writing, any more.
    ///
    /// - Throws: ``TransportError``: `invalidSharedMemory` when it is anything else.
    static func size(of file: inout OwnedDescriptor, during operation: TransportError.Operation) throws(TransportError) -> Int64 {
        let descriptor = file.number
        guard let status = FileStatus(of: descriptor) else { throw refused("is not open", during: operation) }
        guard status.isRegularFile else { throw refused("is \(status.kind), not a memory file", during: operation) }
        // A file of huge pages takes seals, too, but reading it can be a SIGBUS when none is free.
        guard ringipc_file_system(descriptor) == Int64(TMPFS_MAGIC) else {
            throw refused("is not a memory file of ordinary pages", during: operation)
        }
        let missing = try missingSeals(of: descriptor, during: operation)
        guard missing.isEmpty else { throw refused("lacks \(missing.joined(separator: ", "))", during: operation) }
        file.closesAtOnce()
        // The size is read behind the seals: before them it could still change.
        return FileStatus(of: descriptor)?.size ?? -1
    }

    private static func missingSeals(of descriptor: Int32, during operation: TransportError.Operation) throws(TransportError) -> [String] {
        let seals = ringipc_seals(descriptor)
        guard seals >= 0 else { throw refused("cannot have seals", during: operation) }
        let names = [
            (F_SEAL_SHRINK, "F_SEAL_SHRINK"), (F_SEAL_GROW, "F_SEAL_GROW"), (F_SEAL_FUTURE_WRITE, "F_SEAL_FUTURE_WRITE"),
            (F_SEAL_SEAL, "F_SEAL_SEAL"),
        ]
        return names.filter { seals & $0.0 == 0 }.map(\.1)
    }

    static func refused(_ reason: String, during operation: TransportError.Operation) -> TransportError {
        TransportError(
            .invalidSharedMemory, during: operation,
            detail: "the descriptor that the peer passed \(reason); it must be a sealed memory file as Docs/SharedMemory.md describes it")
    }
}
