internal import CRingIPC

/// Whether the writer of a stream is held up by the way that cache lines have to the reader's core and back. Then it pays to take them ahead, with
/// one store for each ("Lines ahead" in `Docs/SharedMemory.md`); where they are near that would only be more stores.
///
/// It is told by the time in which the frames of a publication are written. A program that takes that long for itself takes lines ahead for nothing:
/// at most a twentieth of its time.
struct StreamPace {
    private var publications: UInt8 = 0
    /// When the writing of the publication began that is timed.
    private var began: Int64?
    private(set) var isSlow = false

    /// The frames of a publication are written: so many bytes.
    @inline(__always)
    mutating func end(bytes: Int, now: () -> Int64 = ringipc_monotonic_nanoseconds) {
        guard let began = began.take() else { return }
        isSlow = now() &- began > Int64(truncatingIfNeeded: bytes / SharedLane.cacheLine &* Self.slowLineNanoseconds)
    }

    mutating func forget() { began = nil }

    /// The next ones can be written. Of sixteen publications one is timed: each would cost some percent.
    @inline(__always)
    mutating func begin(now: () -> Int64 = ringipc_monotonic_nanoseconds) {
        publications &+= 1
        if publications & 15 == 0 { began = now() }
    }

    /// Measured for frames of 64 bytes to 16 KiB: 2 to 7 between cores that are near each other, 21 to 50 where they are far, and 14 to 23 there with
    /// the lines taken ahead.
    private static var slowLineNanoseconds: Int { 10 }
}
