/// How soon a reader that spins looks again.
///
/// Between cores each look takes a cache line, and one that comes while the writer has not done with that line costs both sides the way of it: a pause
/// of the processor lies between two. Threads of one core have the line in their cache together, and there a message comes within one or two pauses: as
/// late as the rest of the last one. So the first looks of such waits are quick ones.
///
/// Which it is, the waits themselves tell: of each 256 the first eight pause and are counted ("How often it looks" in `Docs/SharedMemory.md`).
struct SpinPace {
    private var waits: UInt16 = 0
    private var pauses = 0
    private var quickLooks = 0

    /// A wait begins. Returns how many quick looks it should have before those with pauses.
    @inline(__always)
    mutating func begin() -> Int {
        waits &+= 1
        if waits & 7 == 0 { choose() }
        return quickLooks
    }

    /// It has ended, after so many looks behind a pause.
    @inline(__always)
    mutating func end(pauses: Int) { self.pauses &+= pauses }

    /// Not inlined: one wait of eight comes here, and the code around the others is short of registers.
    @inline(never)
    private mutating func choose() {
        switch waits & 255 {
        case 0: (pauses, quickLooks) = (0, 0)
        case 8: quickLooks = pauses <= Self.fewPauses ? Self.mostQuickLooks : 0
        default: break
        }
    }

    /// Of eight waits. Measured (Zen 3, 64 bytes): 14 on one core; 18 to 24 between cores that are near each other, 60 and more between others.
    private static var fewPauses: Int { 17 }
    /// 15 ns each: longer than a wait is on one core.
    private static var mostQuickLooks: Int { 4 }
}
