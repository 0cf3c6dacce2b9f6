public import Synchronization

/// The words of both sides of a lane, as one of them sees them: it stores to its own segment and loads from the peer's.
///
/// Ring and sleep are generic over this, so that the tests can run the same code over a model of memory in which every order of visibility
/// happens that the orders named here permit (`Tests/SharedMemoryModel`).
@usableFromInline
protocol LaneWords {
    /// What was stored with release before the loaded value is visible after this.
    func loadAcquire(_ word: LaneWord) -> UInt64
    func loadRelaxed(_ word: LaneWord) -> UInt64
    /// What this side has stored. Acquires what another thread of this process released.
    func loadOwn(_ word: LaneWord) -> UInt64
    /// Everything that this side has read and written is done before the value is visible.
    func storeRelease(_ value: UInt64, to word: LaneWord)
    func storeRelaxed(_ value: UInt64, to word: LaneWord)
    /// Sequentially consistent: of two sides that each store, fence and load, at least one sees what the other stored.
    func fence()
}

/// The words in mapped segments.
@safe
@usableFromInline
struct MappedWords: LaneWords {
    // `Atomic` has the size and layout of its value. Mapped memory is zero at first, which is a value; the peer can write any other.
    @usableFromInline let own: UnsafeMutableRawPointer
    @usableFromInline let peer: UnsafeRawPointer

    /// Both addresses are the beginnings of segments that stay mapped as long as this is used.
    @inlinable
    init(own: UnsafeMutableRawPointer, peer: UnsafeRawPointer) {
        unsafe self.own = unsafe own
        unsafe self.peer = unsafe peer
    }

    @inlinable
    @inline(__always)
    func ownWord(_ word: LaneWord) -> UnsafeMutablePointer<Atomic<UInt64>> {
        unsafe (own + word.offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    @inlinable
    @inline(__always)
    func peerWord(_ word: LaneWord) -> UnsafePointer<Atomic<UInt64>> {
        unsafe (peer + word.offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    @inlinable
    @inline(__always)
    func loadAcquire(_ word: LaneWord) -> UInt64 { unsafe peerWord(word).pointee.load(ordering: .acquiring) }

    @inlinable
    @inline(__always)
    func loadRelaxed(_ word: LaneWord) -> UInt64 { unsafe peerWord(word).pointee.load(ordering: .relaxed) }

    @inlinable
    @inline(__always)
    func loadOwn(_ word: LaneWord) -> UInt64 { unsafe ownWord(word).pointee.load(ordering: .acquiring) }

    @inlinable
    @inline(__always)
    func storeRelease(_ value: UInt64, to word: LaneWord) { unsafe ownWord(word).pointee.store(value, ordering: .releasing) }

    @inlinable
    @inline(__always)
    func storeRelaxed(_ value: UInt64, to word: LaneWord) { unsafe ownWord(word).pointee.store(value, ordering: .relaxed) }

    @inlinable
    @inline(__always)
    func fence() { atomicMemoryFence(ordering: .sequentiallyConsistent) }
}
