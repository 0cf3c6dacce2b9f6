internal import CRingIPC
internal import Synchronization

/// A pool of the peer's, mapped for reading. Leases keep it, whatever becomes of the connection.
@safe
final class PeerLoanPool: @unchecked Sendable {
    // The connection's thread uses it, but for `giveBack`, which is for the thread of the chunk's lease.

    let number: UInt32
    let place: Int
    let layout: LoanPoolLayout
    private let base: UnsafeRawPointer
    private let owner: SegmentOwner
    private let words: MappedWords
    /// How often each chunk was lent: what this side's counter is when the chunk was given back.
    private var loans: UnsafeMutablePointer<UInt64>

    /// Maps a pool that the peer has passed. The descriptor is closed in every case.
    ///
    /// - Throws: ``TransportError``: `invalidSharedMemory` when it is no such pool, and then nothing was mapped; `memoryExhausted` or
    ///   `systemFailure` when the kernel does not map it.
    init(
        _ announcement: LoanPoolAnnouncement, _ layout: LoanPoolLayout, adopting descriptor: Int32, owner: SegmentOwner, words: MappedWords
    ) throws(TransportError) {
        unsafe base = try Self.map(layout, descriptor)
        number = announcement.number
        place = Int(announcement.place)
        self.layout = layout
        self.owner = owner
        self.words = words
        unsafe loans = .allocate(capacity: layout.count)
        for chunk in 0..<layout.count {
            unsafe (loans + chunk).initialize(to: words.loadOwn(.returns(of: chunk, inPlace: place)))
        }
    }

    private static func map(_ layout: LoanPoolLayout, _ descriptor: Int32) throws(TransportError) -> UnsafeRawPointer {
        var file = OwnedDescriptor(passed: descriptor)
        let size = try PassedFile.size(of: &file, during: .receive)
        guard size == Int64(layout.byteCount) else {
            throw PassedFile.refused("has \(size) bytes, the pool that came with it \(layout.byteCount)", during: .receive)
        }
        var mapped: UnsafeMutableRawPointer?
        let result = unsafe ringipc_map_file(file.number, layout.byteCount, false, &mapped)
        guard result == 0, let memory = unsafe mapped else { throw TransportError(systemError: -result, during: .receive) }
        return UnsafeRawPointer(memory)
    }

    deinit {
        _ = unsafe ringipc_unmap(UnsafeMutableRawPointer(mutating: base), layout.byteCount)
        unsafe loans.deallocate()
    }

    func payload(in chunk: Int) -> UnsafeRawPointer { unsafe base + layout.frameOffset(of: chunk) + NativeHeader.length }

    /// The frame in a chunk, of a length that the chunk can have.
    func frame(in chunk: Int, length: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: base + layout.frameOffset(of: chunk), count: length)
    }
}

// MARK: Which chunks are here

extension PeerLoanPool {
    /// Whether this side has given the chunk back, as often as the peer has lent it.
    func isHome(_ chunk: Int) -> Bool { words.loadOwn(.returns(of: chunk, inPlace: place)) == (unsafe loans[chunk]) }

    var areAllHome: Bool { (0..<layout.count).allSatisfy(isHome) }

    /// The peer has lent the chunk. Returns what gives it back.
    func take(_ chunk: Int) -> UInt64 {
        unsafe loans[chunk] &+= 1
        return unsafe loans[chunk]
    }

    /// - Parameter returns: what ``take(_:)`` returned.
    func giveBack(_ chunk: Int, _ returns: UInt64) {
        words.giveBack(.returns(of: chunk, inPlace: place), returns)
    }

    func beginLease(atMost limit: Int) -> Bool {
        guard owner.leaseCount.load(ordering: .relaxed) < limit else { return false }
        owner.leaseCount.add(1, ordering: .relaxed)
        return true
    }

    func endLease(_ chunk: Int, _ returns: UInt64) {
        giveBack(chunk, returns)
        owner.leaseCount.subtract(1, ordering: .relaxed)
    }
}
