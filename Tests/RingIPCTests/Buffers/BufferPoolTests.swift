import Testing

@testable import RingIPC

@Suite struct BufferPoolTests {
    private static func pool(count: Int, size: Int = 1_024) throws -> BufferPool {
        var configuration = Configuration()
        configuration.pooledBufferCount = count
        configuration.pooledBufferSize = size
        return try BufferPool(configuration: configuration)
    }

    @Test func `every buffer is there once, apart from the others, and the last one home leaves first`() throws {
        var pool = try Self.pool(count: 8)
        var taken: [UInt16] = []
        while let buffer = pool.take() { taken.append(buffer) }
        #expect(taken == Array(0..<8))
        let addresses = taken.map { unsafe Int(bitPattern: pool.address(of: $0)) }
        #expect(zip(addresses, addresses.dropFirst()).allSatisfy { $1 - $0 == 1_024 } && addresses[0] % 4_096 == 0)
        for buffer in [3, 5, 1] as [UInt16] { pool.putBack(buffer) }
        var again: [UInt16] = []
        while let buffer = pool.take() { again.append(buffer) }
        #expect(again == [1, 5, 3])
        let (free, lent) = (pool.freeCount, pool.lentCount)
        #expect(free == 0 && lent == 0)
    }

    @Test func `buffers that are held come back in order with what was left of them`() throws {
        var pool = try Self.pool(count: 8)
        var held = HeldBuffers()
        for index in 0..<3 {
            var lease = pool.lend(pool.take()!, length: 100 + index)
            lease.consume(10 * index)
            pool.hold(lease, in: &held)
        }
        for index in 0..<3 {
            guard let lease = pool.takeHeld(from: &held) else { fatalError("no held buffer") }
            let (buffer, start, length) = (lease.buffer, lease.start, lease.length)
            pool.giveBack(lease)
            #expect((buffer, start, length) == (UInt16(index), 10 * index, 100 - 9 * index))
        }
        let isEmpty = held.isEmpty
        #expect(isEmpty)
    }

    /// What is known about a lease without looking at it.
    private struct Model: Equatable {
        let buffer: UInt16
        var start: Int
        var bytes: [UInt8]
    }

    @Test func `random operations agree with a model of stacks and queues`() throws {
        for seed in 1...120 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let count = 1 << random.number(1...4)
            var pool = try Self.pool(count: count)
            var free = Array((0..<UInt16(count)).reversed())
            var chains = [HeldBuffers(), HeldBuffers()]
            var models: [[Model]] = [[], []]
            for _ in 0..<150 {
                let which = random.number(0...1)
                var model: Model
                var lease: BufferLease
                if random.bool(oneIn: 2), let held = pool.takeHeld(from: &chains[which]) {
                    lease = held
                    model = models[which].removeFirst()
                } else {
                    guard let buffer = pool.take() else {
                        #expect(free.isEmpty, "seed \(seed)")
                        continue
                    }
                    #expect(buffer == free.popLast(), "seed \(seed)")
                    if random.bool(oneIn: 5) {
                        pool.putBack(buffer)
                        free.append(buffer)
                        continue
                    }
                    let bytes = random.bytes(random.number(1...1_024))
                    unsafe pool.address(of: buffer).copyMemory(from: bytes, byteCount: bytes.count)
                    lease = pool.lend(buffer, length: bytes.count)
                    model = Model(buffer: buffer, start: 0, bytes: bytes)
                }
                let isSame =
                    unsafe lease.buffer == model.buffer && lease.start == model.start
                    && holds(UnsafeRawBufferPointer(pool.bytes(of: lease)), model.bytes)
                #expect(isSame, "seed \(seed)")
                guard isSame else { return pool.giveBack(lease) }
                let consumed = random.number(0...lease.length)
                lease.consume(consumed)
                model.start += consumed
                model.bytes.removeFirst(consumed)
                switch random.number(0...2) {
                case 0:
                    pool.giveBack(lease)
                    free.append(model.buffer)
                case 1:
                    pool.hold(lease, in: &chains[which])
                    models[which].append(model)
                default:
                    pool.holdFirst(lease, in: &chains[which])
                    models[which].insert(model, at: 0)
                }
                let counts = (pool.freeCount, pool.lentCount, chains[0].count, chains[1].count)
                #expect(counts == (free.count, count - free.count, models[0].count, models[1].count), "seed \(seed)")
            }
            for which in 0...1 {
                while let lease = pool.takeHeld(from: &chains[which]) { pool.giveBack(lease) }
            }
            let (lent, home) = (pool.lentCount, pool.freeCount)
            #expect(lent == 0 && home == count, "seed \(seed)")
        }
    }

    @Test func `dropping a lease is caught`() async {
        await #expect(processExitsWith: .failure) {
            var pool = try BufferPool(configuration: Configuration())
            _ = pool.lend(pool.take()!, length: 1)
        }
    }

    @Test func `memory that cannot be had is an error that names the settings`() {
        let error = transportError { () throws(TransportError) in
            var configuration = Configuration()
            configuration.pooledBufferCount = 32_768
            configuration.pooledBufferSize = 1 << 45
            _ = try BufferPool(configuration: configuration)
        }
        #expect(error?.code == .memoryExhausted)
        #expect(error?.detail.contains("make pooledBufferCount or pooledBufferSize smaller") == true)
    }
}
