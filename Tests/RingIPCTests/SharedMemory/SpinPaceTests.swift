import Testing

@testable import RingIPC

struct SpinPaceTests {
    /// The number of quick looks at the beginning of so many waits that each take so many pauses.
    private static func quickLooks(_ pace: inout SpinPace, waits: Int, pauses: Int) -> [Int] {
        (0..<waits).map { _ in
            let looks = pace.begin()
            pace.end(pauses: pauses)
            return looks
        }
    }

    @Test func `waits pause until eight of them have told how long they are`() {
        var pace = SpinPace()
        let looks = Self.quickLooks(&pace, waits: 8, pauses: 2)
        #expect(looks.dropLast().allSatisfy { $0 == 0 })
        #expect(looks[7] > 0)
    }

    @Test(arguments: [(0, true), (1, true), (2, true), (3, false), (1_000, false)])
    func `waits of one or two pauses begin with quick looks`(_ pauses: Int, _ areQuick: Bool) {
        var pace = SpinPace()
        _ = Self.quickLooks(&pace, waits: 8, pauses: pauses)
        #expect(Self.quickLooks(&pace, waits: 240, pauses: pauses).allSatisfy { ($0 > 0) == areQuick })
    }

    @Test func `what was found holds for 256 waits, and is found again`() {
        var pace = SpinPace()
        _ = Self.quickLooks(&pace, waits: 255, pauses: 1)
        // These pause, and tell of longer waits.
        #expect(Self.quickLooks(&pace, waits: 8, pauses: 5).allSatisfy { $0 == 0 })
        #expect(Self.quickLooks(&pace, waits: 248, pauses: 5).allSatisfy { $0 == 0 })
        #expect(Self.quickLooks(&pace, waits: 9, pauses: 1)[8] > 0)
    }

    @Test func `it goes on when the count of waits begins anew`() {
        var pace = SpinPace()
        _ = Self.quickLooks(&pace, waits: 1 << 16, pauses: 1)
        let looks = Self.quickLooks(&pace, waits: 256, pauses: 1)
        #expect(looks.prefix(7).allSatisfy { $0 == 0 })
        #expect(looks[7...].dropLast().allSatisfy { $0 > 0 })
    }
}
