internal import CRingIPC

/// Whether the peer runs on another thread of the same core, as far as can be seen: then its lines are in the cache of both.
///
/// What is right between cores is wrong there, and the other way round. Between cores each look at a head takes a cache line from the writer, and lines
/// that are asked for or taken ahead come while something else is done. In one cache looks cost nothing, a message comes within two pauses, and
/// all that is done ahead only takes the core away from the peer.
///
/// It is told by a line that the peer has just written: what the first load of it takes, compared with another one. One wait of 256 is timed, and
/// eight of them decide ("One core" in `Docs/SharedMemory.md`). A scheduler, or the host of a virtual machine, may move a thread at any time.
struct CoreSharing {
    private(set) var isShared = false
    private var waits: UInt8 = 0
    private var timed = 0
    private var firstNanoseconds: Int64 = 0
    private var againNanoseconds: Int64 = 0

    /// A wait has ended with a message. Whether a line is to be timed now.
    @inline(__always)
    mutating func isDue() -> Bool {
        waits &+= 1
        return waits == 0
    }

    /// - Parameter line: was written by the peer since it was read here.
    @inline(never)
    mutating func time(_ line: UnsafeRawPointer) {
        let first = unsafe ringipc_load_nanoseconds(line)
        note(first: first, again: unsafe ringipc_load_nanoseconds(line))
    }

    mutating func note(first: Int64, again: Int64) {
        firstNanoseconds &+= first
        // A load from the cache takes no longer than one from elsewhere, unless something came between.
        againNanoseconds &+= min(again, first)
        timed &+= 1
        guard timed == Self.timedWaits else { return }
        isShared = firstNanoseconds &* 4 < againNanoseconds &* 5
        (timed, firstNanoseconds, againNanoseconds) = (0, 0, 0)
    }

    /// That many decide. Measured (Zen 3), clock included: on one core the first loads take 0.9 to 1.0 of the others, between near cores 1.5 to 2.3, and
    /// between those that are far from each other 5 of them.
    private static var timedWaits: Int { 8 }
}
