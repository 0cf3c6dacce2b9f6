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

    @Test func `a long frame gets the memory of the one before it`() {
        var budget = SpanningBudget(limit: 1 << 30, reserve: (4 << 20) + Self.block)
        var places: [Int] = []
        for _ in 0..<4 {
            var frame = SpanningFrame()
            receive(262_152, into: &frame, &budget)
            places.append(unsafe Int(bitPattern: frame.bytes.baseAddress))
            let used = budget.used
            #expect(used == SpanningBudget.wholeBlocks(262_152))
            frame.giveBack(to: &budget)
            let (left, kept) = (budget.used, budget.keptBytes)
            #expect(left == 0 && kept == SpanningBudget.wholeBlocks(262_152))
        }
        #expect(Set(places).count == 1)
    }

    @Test func `what is kept is bounded, and new lengths displace old ones`() {
        var budget = SpanningBudget(limit: 1 << 30, reserve: (4 << 20) + Self.block)
        for length in [9 << 20, 5 << 20] {
            var frame = SpanningFrame()
            receive(length, into: &frame, &budget)
            frame.giveBack(to: &budget)
            let kept = budget.keptBytes
            #expect(kept == 0, "\(length) bytes are more than the longest frame")
        }
        // Many at once, so that each has memory of its own.
        for length in [8_192, 300_000, 1 << 20] {
            var frames: [Boxed] = []
            for _ in 0..<12 {
                let boxed = Boxed()
                receive(length, into: &boxed.frame, &budget)
                frames.append(boxed)
            }
            for boxed in frames { boxed.frame.giveBack(to: &budget) }
            let kept = budget.keptBytes
            #expect(kept <= (4 << 20) + Self.block && kept >= min(8, (4 << 20) / length) * length, "\(length)")
        }
        var frame = SpanningFrame()
        receive(4 << 20, into: &frame, &budget)
        frame.giveBack(to: &budget)
        let kept = budget.keptBytes
        #expect(kept >= 4 << 20)
    }

    @Test func `kept memory that the budget has no room for does not keep a frame from growing`() {
        let limit = 100 * Self.block
        var budget = SpanningBudget(limit: limit, reserve: 90 * Self.block)
        var long = SpanningFrame()
        receive(90 * Self.block, into: &long, &budget)
        long.giveBack(to: &budget)
        var other = SpanningFrame()
        receive(20 * Self.block, into: &other, &budget)
        let usedByOther = budget.used
        #expect(usedByOther == 90 * Self.block, "the kept memory serves a shorter frame, too")
        var frame = SpanningFrame()
        receive(9 * Self.block, into: &frame, &budget)
        frame.giveBack(to: &budget)
        other.giveBack(to: &budget)
        receive(60 * Self.block, into: &frame, &budget)
        receive(5 * Self.block, into: &other, &budget)
        other.giveBack(to: &budget)
        frame.giveBack(to: &budget)
        let used = budget.used
        #expect(used == 0)
    }

    private final class Boxed { var frame = SpanningFrame() }

    /// Fills `frame` with `count` bytes, as they would come from a socket, and checks that it holds them.
    private func receive(_ count: Int, into frame: inout SpanningFrame, _ budget: inout SpanningBudget) {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count { unsafe buffer.initializeElement(at: index, to: UInt8(truncatingIfNeeded: index / 7)) }
            initialized = count
        }
        var received = 0
        while received < count, let room = unsafe frame.spare(count - received, from: &budget) {
            unsafe room.copyBytes(from: bytes[received..<received + room.count])
            frame.markReceived(room.count)
            received += room.count
        }
        let isIntact = unsafe frame.bytes.elementsEqual(bytes)
        #expect(isIntact && received == count)
    }
}
