extension Part {
    static let buffers: [Part] = [
        Part("pool: a buffer filled, read and given back") { try Lending() },
        Part("pool: a buffer held for a paused connection, and given back") { try Holding() },
        Part("ring: a piece received and consumed, around and around") { try Passing() },
    ]
}

private final class Lending: Work {
    private var pool: BufferPool
    private var sum = 0

    init() throws { pool = try BufferPool(configuration: Configuration()) }

    func run(_ count: Int) throws {
        for round in 0..<count {
            guard let buffer = pool.take() else { throw WrongResult(what: "the pool is empty") }
            unsafe pool.address(of: buffer).storeBytes(of: round, as: Int.self)
            let lease = pool.lend(buffer, length: MemoryLayout<Int>.size)
            sum &+= unsafe pool.bytes(of: lease).load(as: Int.self)
            pool.giveBack(lease)
        }
    }

    func check(_ count: Int) throws {
        try require(sum == sumOfNumbers(below: count), "what was read is not what was received")
        try require(pool.freeCount == pool.count && pool.lentCount == 0, "a buffer did not come home")
    }
}

private final class Holding: Work {
    /// So long a chain is kept, so that its first and its last buffer differ.
    private static let chainLength = 16

    private var pool: BufferPool
    private var held = HeldBuffers()
    private var releasedCount = 0
    private var isInOrder = true

    init() throws { pool = try BufferPool(configuration: Configuration()) }

    func run(_ count: Int) throws {
        for round in 0..<count {
            guard let buffer = pool.take() else { throw WrongResult(what: "the pool is empty") }
            pool.hold(pool.lend(buffer, length: round), in: &held)
            if held.count == Self.chainLength { releaseFirst() }
        }
        while !held.isEmpty { releaseFirst() }
    }

    private func releaseFirst() {
        guard let lease = pool.takeHeld(from: &held) else { return isInOrder = false }
        if lease.length != releasedCount { isInOrder = false }
        releasedCount += 1
        pool.giveBack(lease)
    }

    func check(_ count: Int) throws {
        try require(isInOrder && releasedCount == count, "buffers did not come in the order in which they were held")
        try require(pool.freeCount == pool.count && pool.lentCount == 0, "a buffer did not come home")
    }
}

private final class Passing: Work {
    private static let pieceLength = 1032
    private static let lastWord = pieceLength - MemoryLayout<Int>.size

    private var ring: MirroredRing
    private var sum = 0

    /// With a piece in it: a ring that becomes empty begins at its front again, and this one is to go around. Pieces then come to lie across
    /// its end, where they are written through one mapping and read through the other.
    init() throws {
        ring = try MirroredRing(size: Configuration().receiveRingSize, during: .connect)
        ring.markReceived(Self.pieceLength)
    }

    func run(_ count: Int) {
        for round in 0..<count {
            unsafe ring.writable.storeBytes(of: round, toByteOffset: Self.lastWord, as: Int.self)
            ring.markReceived(Self.pieceLength)
            ring.consume(Self.pieceLength)
            sum &+= unsafe ring.readable.load(fromByteOffset: Self.lastWord, as: Int.self)
        }
    }

    func check(_ count: Int) throws {
        try require(sum == sumOfNumbers(below: count), "what was read is not what was received")
    }
}
