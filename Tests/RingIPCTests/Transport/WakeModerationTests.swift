import Testing

@testable import RingIPC

@Suite struct WakeModerationTests {
    private static let interval: Int64 = 50_000

    @Test func `after some input a wait pauses until the interval is over`() {
        var moderation = WakeModeration(.moderated(interval: .nanoseconds(Self.interval)))
        #expect(moderation.pauseEnd(at: 1_000) == nil)
        moderation.took(1, isAll: true, at: 1_000)
        #expect(moderation.pauseEnd(at: 1_000) == 1_000 + Self.interval)
        #expect(moderation.pauseEnd(at: 999 + Self.interval) == 1_000 + Self.interval)
        #expect(moderation.pauseEnd(at: 1_000 + Self.interval) == nil)
    }

    /// No byte, the end of the stream, an error; and what is worth its wake-up.
    @Test(arguments: [0, -1, -110, WakeModeration.much, 1 << 20])
    func `nothing, an error and much input are followed by no pause`(byteCount: Int) {
        var moderation = WakeModeration(.moderated)
        moderation.took(byteCount, isAll: true, at: 1_000)
        #expect(moderation.pauseEnd(at: 1_000) == nil)
    }

    @Test func `input that comes in parts counts as a whole, as long as the interval is`() {
        var moderation = WakeModeration(.moderated(interval: .nanoseconds(Self.interval)))
        moderation.took(WakeModeration.much - 1, isAll: false, at: 1_000)
        #expect(moderation.pauseEnd(at: 1_000) == nil)
        for time in [1_000, 999 + Self.interval] {
            moderation.took(1, isAll: true, at: time)
            #expect(moderation.pauseEnd(at: time) == nil)
        }
        moderation.took(1, isAll: true, at: 1_000 + Self.interval)
        #expect(moderation.pauseEnd(at: 1_000 + Self.interval) == 1_000 + 2 * Self.interval)
    }

    @Test(arguments: [WaitStrategy.block, .spin, .adaptive, .moderated(interval: .zero)])
    func `no other strategy is moderated`(_ wait: WaitStrategy) { #expect(!WakeModeration(wait).isOn) }
}
