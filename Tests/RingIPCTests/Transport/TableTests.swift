import Testing

@testable import RingIPC

@Suite struct MinHeapTests {
    @Test func `elements leave in order`() {
        for seed in 1...100 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let numbers = (0..<random.number(0...200)).map { _ in random.number(0...50) }
            var heap = MinHeap<Int>()
            for number in numbers { heap.insert(number) }
            var sorted: [Int] = []
            while let first = heap.first {
                let removed = heap.removeFirst()
                #expect(removed == first, "seed \(seed)")
                sorted.append(removed)
            }
            #expect(sorted == numbers.sorted() && heap.isEmpty, "seed \(seed)")
        }
    }

    @Test func `elements that come and go leave the smallest first`() {
        for seed in 1...100 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var heap = MinHeap<Int>()
            var model: [Int] = []
            for _ in 0..<300 {
                if random.bool(oneIn: 2) || model.isEmpty {
                    let number = random.number(0...1_000)
                    heap.insert(number)
                    model.append(number)
                } else {
                    let smallest = model.min()!
                    model.remove(at: model.firstIndex(of: smallest)!)
                    let removed = heap.removeFirst()
                    #expect(removed == smallest, "seed \(seed)")
                }
                #expect(heap.first == model.min(), "seed \(seed)")
            }
        }
    }
}

@Suite struct SlotTableTests {
    @Test func `identities never come back, and places are used again`() {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var table = SlotTable(capacity: 8)
            var (live, seen) = ([] as [ConnectionID], Set<ConnectionID>())
            var stale: [ConnectionID] = []
            for _ in 0..<400 {
                if random.bool(oneIn: 2) {
                    let id = table.reserve()
                    #expect((id == nil) == (live.count == 8), "seed \(seed)")
                    if let id {
                        #expect(seen.insert(id).inserted && id.slot < 8, "seed \(seed)")
                        live.append(id)
                    }
                } else if !live.isEmpty {
                    let id = live.remove(at: random.number(0...(live.count - 1)))
                    table.cancelReservation(id)
                    stale.append(id)
                }
                let (count, isFull, ids) = (table.count, table.isFull, Set(table.identifiers))
                #expect(count == live.count && isFull == (count == 8) && ids == Set(live), "seed \(seed)")
                let allFound = live.allSatisfy { unsafe table.find($0) != nil && table.find(Token(.receive, $0)) != nil }
                let noneFound = stale.allSatisfy { unsafe table.find($0) == nil && table.find(Token(.send, $0)) == nil }
                #expect(allFound && noneFound, "seed \(seed)")
            }
            for id in live { table.cancelReservation(id) }
        }
    }

    @Test func `places that never were are not found`() {
        var table = SlotTable(capacity: 4)
        let id = table.reserve()!
        for slot in [1, 3, 4, .max] as [UInt32] {
            for generation in 0...2 as ClosedRange<UInt32> {
                let isFound =
                    unsafe table.find(ConnectionID(slot: slot, generation: generation)) != nil
                    || table.find(Token(.receive, slot: slot, generation: generation)) != nil
                #expect(!isFound, "slot \(slot)")
            }
        }
        let blocking = unsafe table.find(.unlisted) == nil
        #expect(blocking)
        table.cancelReservation(id)
    }
}
