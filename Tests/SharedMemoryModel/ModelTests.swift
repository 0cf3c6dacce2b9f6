import Testing

@Suite struct ModelTests {
    /// Room for one frame, so that the writer sleeps, too; for three, so that both are at work at the same time.
    private static let oneWay = [Exchange(places: 2, frames: 2), Exchange(places: 4, frames: 2), Exchange(places: 4, frames: 3)]
    /// Also with a place that is used a second time.
    private static let byHead = [
        Exchange(places: 2, frames: 2, waiting: .lookAndSleep), Exchange(places: 2, frames: 3, waiting: .spin),
        Exchange(places: 4, frames: 5, waiting: .spin), Exchange(places: 2, frames: 2, answers: 2, waiting: .spin),
    ]
    /// The same, with frames that are published by their heads.
    private static let headLast = [
        Exchange(places: 2, frames: 3, waiting: .spin, headComesLast: true),
        Exchange(places: 4, frames: 5, waiting: .spin, headComesLast: true),
        Exchange(places: 2, frames: 2, answers: 2, waiting: .spin, headComesLast: true),
        Exchange(places: 2, frames: 1, waiting: .lookAndSleep, headComesLast: true),
    ]
    /// Each side has one sleeping word for both of its reasons.
    private static let bothWays = [Exchange(places: 2, frames: 1, answers: 1), Exchange(places: 2, frames: 2, answers: 1)]
    /// The second frame lies in the chunk again, unless the first is still read.
    private static let lending = [Exchange(places: 4, frames: 2, lends: true)]

    @Test(arguments: oneWay + byHead + headLast + bothWays + lending)
    func `in no order is a wake-up lost or a frame read that is not whole`(_ exchange: Exchange) {
        var explorer = Explorer(exchange)
        explorer.explore()
        print("model: \(exchange.places) places, \(exchange.frames) frames, \(exchange.waiting): \(explorer.stateCount) states")
        #expect(explorer.violations == [])
        #expect(explorer.endCount > 0)
        let sleeps = exchange.waiting != .spin
        #expect(explorer.operations[1].contains(.sleep) == sleeps && explorer.operations[0].contains(.ring) == sleeps)
        // A writer without answers to wait for sleeps only for room.
        let waits = exchange.frames[0] >= exchange.places || exchange.frames[1] > 0
        #expect(explorer.operations[0].contains(.sleep) == (sleeps && waits))
    }

    @Test(arguments: Mistake.allCases)
    func `each part of the protocol that is left out is missed`(_ mistake: Mistake) {
        #expect(Self.isFound(mistake, in: Self.oneWay + Self.byHead + Self.lending))
    }

    @Test(arguments: [Mistake.publishedBeforeWritten, .headWithoutRelease, .headNotZeroed])
    func `each part that a head needs which comes last is missed`(_ mistake: Mistake) {
        #expect(Self.isFound(mistake, in: Self.headLast))
    }

    /// By what it must lead to, and nothing else.
    private static func isFound(_ mistake: Mistake, in exchanges: [Exchange]) -> Bool {
        exchanges.contains { exchange in
            var explorer = Explorer(exchange, mistake: mistake)
            explorer.explore(untilFirst: true)
            return explorer.violations == [mistake.consequence]
        }
    }
}
