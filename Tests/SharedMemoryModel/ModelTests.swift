import Testing

@Suite struct ModelTests {
    /// One place, so that the writer sleeps, too; two, so that they are at work at the same time.
    private static let exchanges = [Exchange(places: 1, frames: 2), Exchange(places: 2, frames: 2), Exchange(places: 2, frames: 3)]

    @Test(arguments: exchanges)
    func `in no order is a wake-up lost or a frame read that is not whole`(_ exchange: Exchange) {
        var explorer = Explorer(exchange)
        explorer.explore()
        #expect(explorer.violations == [])
        #expect(explorer.endCount > 0 && explorer.operations[1].contains(.sleep) && explorer.operations[0].contains(.ring))
        #expect(explorer.operations[0].contains(.sleep) == (exchange.places < exchange.frames))
        print("model: \(exchange.places) places, \(exchange.frames) frames: \(explorer.stateCount) states")
    }

    @Test(arguments: Mistake.allCases)
    func `each part of the protocol that is left out is missed`(_ mistake: Mistake) {
        let found = Self.exchanges.contains { exchange in
            var explorer = Explorer(exchange, mistake: mistake)
            explorer.explore(untilFirst: true)
            return explorer.violations == [mistake.consequence]
        }
        #expect(found)
    }
}
