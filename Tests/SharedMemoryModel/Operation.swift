@testable import RingIPC

/// What a side does next, for the model to give an answer to.
enum Operation: Hashable {
    /// Of the peer's word.
    case load(LaneWord, acquires: Bool)
    /// To the own word.
    case store(LaneWord, UInt64, releases: Bool)
    case fence
    /// The place of a frame in the ring, without its head: no atomic accesses, so two that are not ordered are a race.
    case read(place: Int)
    case write(place: Int, UInt64)
    /// Rings the peer's doorbell.
    case ring
    /// Sleeps until the own doorbell was rung, however often.
    case sleep
}

/// A mistake that is made in one run: the protocol as it would be without one of its parts.
enum Mistake: CaseIterable {
    case readersFenceMissing, writersFenceMissing
    case fenceMissingBeforeReaderIsRung, fenceMissingBeforeWriterIsRung
    case readersRecheckMissing, writersRecheckMissing
    case publishedBeforeWritten, releasedBeforeRead
    case publishedWithoutRelease, seenWithoutAcquire
    case releasedWithoutRelease, roomSeenWithoutAcquire
    case sleepsNotNumbered
    case readerNotRung, writerNotRung
    case headWithoutRelease, headSeenWithoutAcquire, headIsNoDraft, headNotZeroed
    case chunkReturnedBeforeRead, chunkReturnedWithoutRelease, chunkSeenWithoutAcquire

    /// What the mistake must lead to.
    var consequence: Violation {
        switch self {
        case .publishedBeforeWritten, .releasedBeforeRead, .publishedWithoutRelease, .seenWithoutAcquire, .releasedWithoutRelease,
            .roomSeenWithoutAcquire, .headWithoutRelease, .headSeenWithoutAcquire, .headIsNoDraft, .chunkReturnedBeforeRead,
            .chunkReturnedWithoutRelease, .chunkSeenWithoutAcquire:
            .race
        case .headNotZeroed: .wrongFrame
        default: .lostWakeUp
        }
    }
}

/// What no run may come to.
enum Violation: Hashable {
    /// Two accesses to one place, not ordered, one of them writing.
    case race
    /// Somebody sleeps, and nobody is left who would ring.
    case lostWakeUp
    /// A frame that is not the next one.
    case wrongFrame
    /// An honest side was taken for a liar.
    case refused
}
