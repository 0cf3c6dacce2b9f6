import Testing

@testable import RingIPC

@Suite struct SpanningFrameTests {
    private static let block = SpanningBudget.blockSize

    @Test func `memory grows only with bytes that arrived`() {
        var budget = SpanningBudget(limit: 1 << 30)
        var frame = SpanningFrame()
        // Announced are 16 MiB; nothing of it is spent for the announcement.
        let announced = 16 << 20
        var arrived = 0
        for _ in 0..<12 {
            let spare = unsafe frame.spare(announced - arrived, from: &budget)?.count ?? 0
            #expect(spare > 0)
            let used = budget.used
            #expect(used <= max(Self.block, 2 * arrived), "\(used) bytes for \(arrived)")
            frame.markReceived(spare)
            arrived += spare
        }
        frame.giveBack(to: &budget)
        let used = budget.used
        #expect(used == 0)
    }

    @Test func `a frame takes no more than its length in whole pages`() {
        for length in [1, 4_095, 4_096, 4_097, 12_289, 100_000] {
            var budget = SpanningBudget(limit: 1 << 30)
            var frame = SpanningFrame()
            let copied = unsafe [UInt8](repeating: 1, count: length).withUnsafeBytes { unsafe frame.append($0, from: &budget) }
            let used = budget.used
            #expect(copied == length && used == (length + Self.block - 1) / Self.block * Self.block)
            frame.giveBack(to: &budget)
        }
    }

    @Test func `the budget is never exceeded, and what fits is kept`() {
        for limit in [0, Self.block - 1, Self.block, 3 * Self.block - 1, 8 * Self.block, 8 * Self.block + 100] {
            var budget = SpanningBudget(limit: limit)
            var frame = SpanningFrame()
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 5) }
            let copied = unsafe bytes.withUnsafeBytes { unsafe frame.append($0, from: &budget) }
            let (used, kept) = unsafe (budget.used, Array(frame.bytes))
            #expect(used <= limit && copied == used && kept == Array(bytes[..<copied]), "limit \(limit)")
            let refused = unsafe frame.spare(1, from: &budget) == nil
            #expect(refused, "limit \(limit)")
            frame.giveBack(to: &budget)
            let (left, isEmpty) = (budget.used, frame.isEmpty)
            #expect(left == 0 && isEmpty)
        }
    }

    @Test func `several frames share a budget, and their bytes survive every growth`() {
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let limit = random.number(0...60) * Self.block
            var budget = SpanningBudget(limit: limit)
            var first = SpanningFrame()
            var second = SpanningFrame()
            var models: [[UInt8]] = [[], []]
            for _ in 0..<60 {
                let bytes = random.bytes(random.bool(oneIn: 5) ? random.number(0...30_000) : random.number(0...300))
                let which = random.number(0...1)
                let copied = unsafe bytes.withUnsafeBytes {
                    unsafe which == 0 ? first.append($0, from: &budget) : second.append($0, from: &budget)
                }
                models[which] += bytes.prefix(copied)
                let used = budget.used
                #expect(used <= limit, "seed \(seed)")
                if random.bool(oneIn: 10) {
                    if which == 0 { first.giveBack(to: &budget) } else { second.giveBack(to: &budget) }
                    models[which] = []
                }
                let isIntact = unsafe holds(first.bytes, models[0]) && holds(second.bytes, models[1])
                #expect(isIntact, "seed \(seed)")
            }
            first.giveBack(to: &budget)
            second.giveBack(to: &budget)
            let used = budget.used
            #expect(used == 0, "seed \(seed)")
        }
    }

    @Test func `its memory is aligned, and a block that was given back is used again`() {
        var budget = SpanningBudget(limit: 1 << 20)
        var frame = SpanningFrame()
        let first = unsafe frame.spare(10, from: &budget).map { Int(bitPattern: $0.baseAddress) }
        frame.giveBack(to: &budget)
        let second = unsafe frame.spare(10, from: &budget).map { Int(bitPattern: $0.baseAddress) }
        #expect(first != nil && first == second && first! % 8 == 0)
        frame.giveBack(to: &budget)
        // Giving back what is empty is nothing.
        frame.giveBack(to: &budget)
        let used = budget.used
        #expect(used == 0)
    }
}
