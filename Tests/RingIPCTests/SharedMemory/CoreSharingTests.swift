import Testing

@testable import RingIPC

struct CoreSharingTests {
    private static func note(_ sharing: inout CoreSharing, times: Int, first: Int64, again: Int64) {
        for _ in 0..<times { sharing.note(first: first, again: again) }
    }

    @Test func `it takes no core for shared before eight waits were timed`() {
        var sharing = CoreSharing()
        Self.note(&sharing, times: 7, first: 30, again: 30)
        #expect(!sharing.isShared)
        Self.note(&sharing, times: 1, first: 30, again: 30)
        #expect(sharing.isShared)
    }

    @Test(arguments: [(27, true), (30, true), (37, true), (38, false), (45, false), (160, false)] as [(Int64, Bool)])
    func `a core is shared where the first load takes as long as the next one`(_ first: Int64, _ isShared: Bool) {
        var sharing = CoreSharing()
        Self.note(&sharing, times: 8, first: first, again: 30)
        #expect(sharing.isShared == isShared)
    }

    @Test func `what was found holds for the next eight, and is found again`() {
        var sharing = CoreSharing()
        Self.note(&sharing, times: 8, first: 30, again: 30)
        Self.note(&sharing, times: 7, first: 60, again: 30)
        #expect(sharing.isShared)
        Self.note(&sharing, times: 1, first: 60, again: 30)
        #expect(!sharing.isShared)
        Self.note(&sharing, times: 8, first: 30, again: 30)
        #expect(sharing.isShared)
    }

    @Test func `an interruption of the second load makes no core shared`() {
        var sharing = CoreSharing()
        Self.note(&sharing, times: 7, first: 60, again: 30)
        Self.note(&sharing, times: 1, first: 60, again: 1_000_000)
        #expect(!sharing.isShared)
    }

    @Test func `one wait of 256 is timed`() {
        var sharing = CoreSharing()
        let due = (0..<1_024).map { _ in sharing.isDue() }
        #expect(due.indices.filter { due[$0] } == [255, 511, 767, 1_023])
    }

    @Test func `lines of one's own are as near as those of another thread of the core`() {
        let line = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
        defer { unsafe line.deallocate() }
        // A load may be interrupted, so eight groups are asked.
        let found = (0..<8).map { _ in
            var sharing = CoreSharing()
            for number in 0..<8 as Range<UInt64> {
                unsafe line.storeBytes(of: number, as: UInt64.self)
                unsafe sharing.time(line)
            }
            return sharing.isShared
        }
        #expect(found.contains(true))
    }
}
