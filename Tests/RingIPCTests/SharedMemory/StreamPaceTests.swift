import Testing

@testable import RingIPC

/// Times are made up.
struct StreamPaceTests {
    /// Twenty lines, which may take 200 ns.
    private static let bytes = 1_280

    private static func note(_ nanoseconds: Int64, in pace: inout StreamPace) {
        pace.end(bytes: bytes) { 1_000 + nanoseconds }
        pace.begin { 1_000 }
    }

    @Test func `a stream is not slow before anything was timed`() {
        var pace = StreamPace()
        for _ in 0..<16 {
            Self.note(1_000_000, in: &pace)
            #expect(!pace.isSlow)
        }
    }

    @Test(arguments: [(0, false), (200, false), (201, true), (1_000_000, true)] as [(Int64, Bool)])
    func `a publication is slow when a line takes more than ten nanoseconds`(_ nanoseconds: Int64, _ isSlow: Bool) {
        var pace = StreamPace()
        for _ in 0..<17 { Self.note(nanoseconds, in: &pace) }
        #expect(pace.isSlow == isSlow)
    }

    @Test func `what holds is what was timed last`() {
        var pace = StreamPace()
        for _ in 0..<32 { Self.note(1_000, in: &pace) }
        #expect(pace.isSlow)
        for _ in 0..<16 { Self.note(100, in: &pace) }
        #expect(!pace.isSlow)
    }

    @Test func `a time that was forgotten says nothing`() {
        var pace = StreamPace()
        for _ in 0..<16 { Self.note(1_000, in: &pace) }
        pace.forget()
        for _ in 0..<16 { Self.note(1_000, in: &pace) }
        #expect(!pace.isSlow)
        Self.note(1_000, in: &pace)
        #expect(pace.isSlow)
    }

    @Test func `the clock is looked at twice for sixteen publications`() {
        var pace = StreamPace()
        var looks = 0
        for _ in 0..<1_600 {
            pace.begin {
                looks += 1
                return 1
            }
            pace.end(bytes: Self.bytes) {
                looks += 1
                return 2
            }
        }
        #expect(looks == 200)
    }
}
