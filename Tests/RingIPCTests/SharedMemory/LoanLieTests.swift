import Glibc
import Testing

@testable import RingIPC

/// A peer that lies about loans: in the announcement of a pool, in a description, in a chunk, in its counters.
@Suite struct LoanLieTests {
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var code = TransportError.Code.invalidSharedMemory
        let tell: @Sendable (LaneByHand, PoolByHand) throws -> Void
    }

    /// An honest beginning: a pool, and a frame in its first chunk.
    private static func begin(_ lane: LaneByHand, _ pool: PoolByHand) throws -> UInt64 {
        try lane.pass(pool.announcement(), pool.descriptor)
        return pool.fill(0, 1_000, seed: 0)
    }

    private static func description(_ name: String, pool: UInt32 = 1, chunk: UInt32 = 0, length: UInt64? = nil) -> Lie {
        Lie(testDescription: name) { lane, file in
            let honest = try begin(lane, file)
            lane.lend(pool, chunk, length ?? honest)
        }
    }

    private static func announcement(_ name: String, _ change: @escaping @Sendable (inout (UInt64, UInt64)) -> Void) -> Lie {
        Lie(testDescription: name) { lane, file in
            var words = file.announcement().words
            change(&words)
            try lane.pass(LoanPoolAnnouncement(words: words), file.descriptor)
            lane.lend(UInt32(truncatingIfNeeded: words.0), 0, file.fill(0, 8, seed: 0))
        }
    }

    private static func chunk(_ name: String, _ frame: [UInt8], _ code: TransportError.Code = .malformedFrame) -> Lie {
        Lie(testDescription: name, code: code) { lane, file in
            _ = try begin(lane, file)
            lane.lend(1, 0, file.write(frame, in: 0))
        }
    }

    private static func file(_ name: String, size: Int? = nil, without missing: Int32 = 0) -> Lie {
        Lie(testDescription: name) { lane, honest in
            let pool = try PoolByHand(size: size, without: missing)
            try lane.pass(pool.announcement(), pool.descriptor)
            lane.lend(1, 0, pool.fill(0, 8, seed: 0))
        }
    }

    static let lies: [Lie] = [
        description("a pool that was not passed", pool: 2), description("pool 0", pool: 0),
        description("a chunk beyond the last", chunk: 2), description("the last chunk there can be", chunk: .max),
        description("no length", length: 0), description("less than a header", length: 4), description("a length between", length: 1_009),
        description("a length beyond the chunk", length: (64 << 10) + 16), description("a length of 2^63", length: 1 << 63),
        description("the largest length", length: .max - 7),
        announcement("number 2 before number 1") { $0.0 += 1 }, announcement("number 0") { $0.0 -= 1 },
        announcement("a place beyond the last") { $0.0 += 16 << 32 }, announcement("small chunks") { $0.1 -= 1 },
        announcement("huge chunks") { $0.1 += 16 }, announcement("no chunks") { $0.1 -= 2 << 32 },
        announcement("too many chunks") { $0.1 += 255 << 32 }, announcement("one chunk more than the file") { $0.1 += 1 << 32 },
        announcement("one chunk less than the file") { $0.1 -= 1 << 32 },
        file("a file that can shrink", without: 0x2), file("a file that can grow", without: 0x4),
        file("a file that others can write", without: 0x10), file("a file that takes further seals", without: 0x1),
        file("a file that is shorter", size: 4_096),
        chunk("a chunk with a shorter frame", WireBytes.frame([1, 2, 3], .native) + [0, 0, 0, 0, 0, 0, 0, 0]),
        chunk("a chunk with two frames", WireBytes.frame([], .native) + WireBytes.frame([], .native)),
        chunk("a chunk with a longer frame", Array(WireBytes.frame([UInt8](repeating: 1, count: 80), .native).prefix(48))),
        chunk("a chunk with a goodbye", WireBytes.goodbye), chunk("a chunk with a loan", WireBytes.lane(.loan, 1, 16)),
        chunk("a chunk with padding that is not zero", WireBytes.header(1, .native) + [1, 1, 0, 0, 0, 0, 0, 0]),
        chunk(
            "a chunk with a frame over the limit", WireBytes.header(10_001, .native) + [UInt8](repeating: 0, count: 10_008), .frameTooLong),
        Lie(testDescription: "a pool without a descriptor", code: .malformedFrame) { lane, file in try lane.pass(file.announcement(), nil)
        },
        Lie(testDescription: "descriptors that are swapped") { lane, file in
            let other = try PoolByHand(chunkSizeBits: 17, count: 1)
            try lane.pass(file.announcement(), other.descriptor)
            try lane.pass(other.announcement(2, place: 1), file.descriptor)
            lane.lend(1, 0, file.fill(0, 8, seed: 0))
        },
        Lie(testDescription: "a place that another pool has") { lane, file in
            lane.lend(1, 0, try begin(lane, file))
            try lane.pass(file.announcement(2), file.descriptor)
            lane.lend(2, 1, file.fill(1, 8, seed: 0))
        },
        Lie(testDescription: "more pools than there are places") { lane, file in
            for number in 1...17 as ClosedRange<UInt32> {
                try lane.pass(file.announcement(number, place: Int(number) % 16), file.descriptor)
            }
        },
        Lie(testDescription: "pools beyond the limit of bytes") { lane, file in
            for number in 1...3 as ClosedRange<UInt32> {
                try lane.pass(file.announcement(number, place: Int(number)), file.descriptor)
                // One file for all: a place has its own counters.
                lane.lend(number, 0, file.fill(0, 8, seed: 0))
            }
        },
        Lie(testDescription: "an announcement in the ring", code: .malformedFrame) { lane, file in
            lane.put(WireBytes.lane(.loanPool, file.announcement().words.0, file.announcement().words.1))
        },
        Lie(testDescription: "a loan without its length", code: .malformedFrame) { lane, file in
            _ = try begin(lane, file)
            lane.put(WireBytes.lane(.loan, 1))
        },
        Lie(testDescription: "the end of a pool that is not there") { lane, _ in lane.put(WireBytes.lane(.loanPoolEnd, 1)) },
        Lie(testDescription: "the end of a pool that was never lent from") { lane, file in
            _ = try begin(lane, file)
            lane.put(WireBytes.lane(.loanPoolEnd, 1))
        },
        Lie(testDescription: "the end of a pool twice") { lane, file in
            lane.lend(1, 0, try begin(lane, file))
            lane.put(WireBytes.lane(.loanPoolEnd, 1))
            lane.put(WireBytes.lane(.loanPoolEnd, 1))
        },
        Lie(testDescription: "a loan of a pool that has ended") { lane, file in
            let length = try begin(lane, file)
            lane.lend(1, 0, length)
            lane.put(WireBytes.lane(.loanPoolEnd, 1))
            lane.lend(1, 0, length)
        },
    ]

    @Test(arguments: lies)
    func `what cannot be true about a loan is refused, and nothing of it stays`(_ lie: Lie) throws {
        for copies in [false, true] {
            let lane = try LaneByHand()
            let pool = try PoolByHand()
            try lie.tell(lane, pool)
            // What is told on the socket alone is found when something is there to be read.
            lane.lend(77, 0, 8)
            let configuration = Configuration.with {
                $0.wait = .block
                $0.maximumFrameLength = 10_000
                $0.sharedMemory = .with {
                    $0.copiesAllFrames = copies
                    $0.largestPeerLoans = 2 * pool.layout.byteCount
                }
            }
            let error = try Self.failure(of: try Connection(connectingTo: .descriptor(lane.descriptor), configuration: configuration))
            #expect(error?.code == lie.code, "\(String(describing: error))")
            try awaitUntil("a pool that is closed") { pool.isAlone }
        }
    }

    /// Receives until it is refused.
    private static func failure(of connection: consuming Connection) throws -> TransportError? {
        var connection = consume connection
        do {
            while try connection.receive(within: safetyNet, { _, _ in }) != nil {}
            return nil
        } catch let error as TransportError {
            return error
        }
    }

    @Test func `a chunk that is still leased is not taken a second time, and its pool does not end`() throws {
        for isEnd in [false, true] {
            let lane = try LaneByHand()
            let pool = try PoolByHand()
            lane.lend(1, 0, try Self.begin(lane, pool))
            if isEnd { lane.put(WireBytes.lane(.loanPoolEnd, 1)) } else { lane.lend(1, 0, 1_008) }
            var connection = try Connection(connectingTo: .descriptor(lane.descriptor), configuration: LaneByHand.configuration())
            let box = LeaseBox()
            _ = try connection.receive(within: safetyNet) { frame, outbound in box.lease = outbound.lease(frame) }
            #expect(try Self.failure(of: connection)?.code == .invalidSharedMemory)
            #expect(box.matches(1_000, seed: 0))
            box.lease = nil
            #expect(pool.isAlone)
        }
    }

    @Test(arguments: [WireBytes.header(2_000, .native), WireBytes.lane(.loan, 1, 16), [1, 0, 0, 0, 9, 9, 0, 0]])
    func `a frame that is changed between two looks is an error and no loop`(_ header: [UInt8]) throws {
        let lane = try LaneByHand()
        let pool = try PoolByHand()
        lane.lend(1, 0, try Self.begin(lane, pool))
        var connection = try Connection(connectingTo: .descriptor(lane.descriptor), configuration: LaneByHand.configuration())
        // The frame is left where it is.
        #expect(try connection.receiveBatch(within: safetyNet) { _, _ in })
        pool.write(header, in: 0)
        #expect(try Self.failure(of: connection)?.code == .malformedFrame)
        #expect(pool.isAlone)
    }
}

/// A peer that lies to a side that lends.
@Suite struct LoanCounterTests {
    @Test(arguments: [1, 2, UInt64.max, UInt64.max - 1, 1 << 63])
    func `a counter that cannot be true ends the lending`(_ lie: UInt64) throws {
        for sent in 0..<2 as Range<UInt64> {
            let lane = try LaneByHand()
            var connection = try LaneByHand.openedConnection(lane)
            // So long that the first chunk is always the next.
            let loan = try connection.loan(byteCount: 3 << 20)
            if sent == 1 { try connection.send(try unwrap(loan)) } else { _ = consume loan }
            lane.set(.returns(of: 0, inPlace: 0), to: lie)
            // One behind, all the time, is a chunk that does not come.
            let isLie = lie != sent && lie != sent &- 1
            let error = transportError { () throws(TransportError) in _ = try connection.loan(byteCount: 3 << 20) }
            #expect((error?.code == .invalidSharedMemory) == isLie, "\(sent), \(lie): \(String(describing: error))")
        }
    }

    @Test func `pools are made within the limit that the peer has told, and dropped for another size`() throws {
        let lane = try LaneByHand(loanLimit: 300_000)
        var connection = try LaneByHand.openedConnection(lane)
        func passed() throws -> (LoanPoolAnnouncement, MemoryFile, Int32) {
            let (bytes, descriptor) = try lane.socket.readPassed(1_000)
            let words = stride(from: bytes.count - 16, to: bytes.count, by: 8).map { offset in
                unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
            }
            return (LoanPoolAnnouncement(words: (words[0], words[1])), MemoryFile(descriptor!), descriptor!)
        }
        var loan = try connection.loan(byteCount: 100_000)
        let (first, file, descriptor) = try passed()
        #expect(first == LoanPoolAnnouncement(number: 1, place: 0, layout: LoanPoolLayout(chunkSizeBits: 17, count: 1)!))
        #expect(file.mappingCount == 1 && file.openCount == 1)
        #expect(try !connection.canLend(200_000), "no room beside the first pool")
        try connection.send(try unwrap(loan.take()))
        #expect(try !connection.canLend(200_000), "it is not back")
        lane.set(.returns(of: 0, inPlace: 0), to: 1)
        #expect(try connection.canLend(200_000))
        let (second, other, otherDescriptor) = try passed()
        #expect(second == LoanPoolAnnouncement(number: 2, place: 0, layout: LoanPoolLayout(chunkSizeBits: 18, count: 1)!))
        #expect(file.mappingCount == 0 && other.mappingCount == 1)
        #expect(try !connection.canLend(300_000), "over the limit")
        _ = consume connection
        #expect(other.mappingCount == 0)
        for number in [descriptor, otherDescriptor] { _ = close(number) }
        #expect(file.openCount == 0 && other.openCount == 0)
    }
}
