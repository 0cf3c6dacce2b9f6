import Glibc
import Testing

@testable import RingIPC

/// Payloads that do not move, between two blocking connections.
@Suite struct LoanTests {
    private static func configuration(
        wait: WaitStrategy = .block, ringSize: Int = 64 << 10, copies: Bool = false,
        _ change: (inout SharedMemoryOptions) -> Void = { _ in }
    ) -> Configuration {
        .with {
            $0.wait = wait
            $0.sharedMemory = .with {
                $0.ringSize = ringSize
                $0.copiesAllFrames = copies
                change(&$0)
            }
        }
    }

    /// Answers every frame with itself, by loan where there is one. Returns how many frames it lent.
    private static let echo: @Sendable (consuming Connection) throws -> Int = { connection in
        var connection = consume connection
        var lent = 0
        while try connection.receive(
            within: safetyNet,
            { (frame, reply) throws -> Void in
                guard var loan = try reply.loan(byteCount: frame.count) else { return try reply.send(frame.bytes) }
                lent += 1
                loan.write(array(frame.bytes))
                try reply.send(loan)
            }) != nil
        {}
        try connection.close()
        return lent
    }

    /// The lane is there, so that loans are.
    private static func open(_ configuration: Configuration, _ endpoint: Endpoint) throws -> Connection {
        var client = try Connection(connectingTo: endpoint, configuration: configuration)
        for _ in 0..<2 {
            try client.sendPattern(0, seed: 0)
            _ = try client.receive(within: safetyNet) { _, _ in }
        }
        return client
    }

    private static let borders: [Int] = {
        let around = [0, 8, 64, 4_096, 65_536, 131_072, 1 << 20].flatMap { [$0 - 1, $0, $0 + 1] }
        return around.filter { $0 >= 0 } + [(64 << 10) - 64, 3_000_000]
    }()

    @Test(arguments: WaitStrategy.all)
    func `loans of every size come back by loan, in place and copied`(_ wait: WaitStrategy) throws {
        for copies in [false, true] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let configuration = Self.configuration(wait: wait, copies: copies)
            let server = try blockingServer(configuration, on: endpoint, Self.echo)
            var client = try Self.open(configuration, endpoint)
            for round in 0..<3 {
                for size in Self.borders {
                    var loan = try unwrap(try client.loan(byteCount: size))
                    #expect(loan.count == size && loan.mutableBytes.byteCount == size)
                    loan.write(Pattern.bytes(size, seed: size + round))
                    try client.send(loan)
                    let isSame = try client.receive(within: safetyNet) { frame, _ in
                        isAligned(frame) && Pattern.matches(frame, count: size, seed: size + round)
                    }
                    #expect(isSame == true, "\(size) bytes")
                }
            }
            let copied = client.statistics.copiedBytes
            #expect(copies ? copied >= UInt64(3 * Self.borders.reduce(0, +)) : copied == 0)
            try client.close()
            #expect(try server.value() >= 3 * Self.borders.count)
        }
    }

    @Test func `long payloads that are sent in the ordinary way are lent`() throws {
        for isReserved in [false, true] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let configuration = Self.configuration(ringSize: 4_096) { $0.loanThreshold = 1_000 }
            let server = try blockingServer(configuration, on: endpoint) { connection in
                var connection = consume connection
                var leased = 0
                while try connection.receive(
                    within: safetyNet,
                    { (frame, reply) throws -> Void in
                        if reply.lease(frame) != nil { leased += 1 }
                        try reply.send(frame.bytes)
                    }) != nil
                {}
                try connection.close()
                return leased
            }
            var client = try Self.open(configuration, endpoint)
            for size in [999, 1_000, 30_000, 70_000, 500_000] {
                let bytes = Pattern.bytes(size, seed: size)
                if isReserved { try client.send(reserving: size) { $0.write(bytes) } } else { unsafe try client.send(bytes.span.bytes) }
                #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: size, seed: size) } == true)
            }
            try client.close()
            // All but the first.
            #expect(try server.value() == 4)
        }
    }

    @Test func `a loan that is given up, here or elsewhere, is lent again`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        // Two chunks.
        let configuration = Self.configuration { $0.loanBudget = 2 * ((64 << 10) + 64) }
        let server = try blockingServer(configuration, on: endpoint, Self.echo)
        var client = try Self.open(configuration, endpoint)
        for _ in 0..<50 {
            let first = try unwrap(try client.loan(byteCount: 10))
            let second = try unwrap(try client.loan(byteCount: 10))
            #expect(try !client.canLend(10))
            _ = consume first
            let box = LoanBox(second)
            try Background { box.loan = nil }.value()
        }
        #expect(try !client.canLend(1 << 20))
        try client.close()
        #expect(try server.value() > 0)
    }

    @Test func `a loan is filled by another thread, and outlives its connection unsent`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let configuration = Self.configuration()
        let server = try blockingServer(configuration, on: endpoint, Self.echo)
        var client = try Self.open(configuration, endpoint)
        let box = LoanBox(try unwrap(try client.loan(byteCount: 100_000)))
        try Background { () -> Void in box.loan?.write(Pattern.bytes(100_000, seed: 1)) }.value()
        try client.send(try unwrap(box.loan.take()))
        #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 100_000, seed: 1) } == true)
        box.loan = try client.loan(byteCount: 100_000)
        try client.close()
        box.loan?.write(Pattern.bytes(100_000, seed: 2))
        box.loan = nil
        #expect(try server.value() > 0)
    }

    @Test func `loans keep their pool when the connection is gone, and the last of them takes it along`() throws {
        for round in 0..<40 {
            let lane = try LaneByHand()
            var connection = try LaneByHand.openedConnection(lane)
            let boxes = try (0..<4).map { _ in LoanBox(try unwrap(try connection.loan(byteCount: 1_000))) }
            let (_, passed) = try lane.socket.readPassed(1_000)
            let file = MemoryFile(passed!)
            _ = close(passed!)
            try connection.send(try unwrap(boxes[0].loan.take()))
            boxes[1].loan = nil
            // At the same time as the connection ends, in every other round.
            let elsewhere = Background { boxes[2].loan = nil }
            if round % 2 == 0 {
                try elsewhere.value()
                _ = consume connection
            } else {
                _ = consume connection
                try elsewhere.value()
            }
            #expect(file.mappingCount == 1 && file.openCount == 0)
            boxes[3].loan?.write(Pattern.bytes(1_000, seed: round))
            boxes[3].loan = nil
            #expect(file.mappingCount == 0)
        }
    }

    @Test func `what was written into loans in hand stays, while others are lent, sent and come back`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let chunks = 5
        let configuration = Self.configuration { $0.loanBudget = chunks * 8 * ((64 << 10) + 64) }
        let server = try blockingServer(configuration, on: endpoint, Self.echo)
        var client = try Self.open(configuration, endpoint)
        for kept in 1..<chunks {
            var boxes: [LoanBox] = []
            for round in 0..<4 * chunks {
                if boxes.count < kept {
                    let box = LoanBox(try unwrap(try client.loan(byteCount: 1_000)))
                    box.loan?.write(Pattern.bytes(1_000, seed: boxes.count))
                    boxes.append(box)
                }
                var other = try unwrap(try client.loan(byteCount: 1_000))
                other.write(Pattern.bytes(1_000, seed: chunks + round))
                try client.send(other)
                let isRight = try client.receive(within: safetyNet) { frame, _ in
                    Pattern.matches(frame, count: 1_000, seed: chunks + round)
                }
                #expect(isRight == true)
            }
            for (index, box) in boxes.enumerated() {
                try client.send(try unwrap(box.loan.take()))
                let isRight = try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 1_000, seed: index) }
                #expect(isRight == true)
            }
        }
        try client.close()
        #expect(try server.value() > 0)
    }

    @Test func `chunks are lent in turn, as far as 4 MiB of payload go, and any that is home rather than none`() throws {
        let lane = try Lane(ringSize: 4_096)
        let (own, peer) = unsafe (lane.memory(of: 0), lane.memory(of: 1))
        let words = unsafe MappedWords(own: own.baseAddress!, peer: UnsafeRawPointer(peer.baseAddress!))
        let layout = try #require(LoanPoolLayout(chunkSizeBits: 20, count: 5))
        let pool = try LoanPool(number: 1, place: 0, layout: layout, words: words)
        func lend(_ count: Int) throws -> Int? {
            let chunk = try pool.take(words, for: count)
            if let chunk { pool.putBack(chunk) }
            return chunk
        }
        #expect(try (0..<5).map { _ in try lend(1 << 20) } == [0, 1, 2, 0, 1])
        #expect(try (0..<6).map { _ in try lend(100) } == [2, 3, 4, 0, 1, 2])
        #expect(try (0..<6).map { _ in try pool.take(words, for: 1 << 20) } == [0, 1, 2, 3, 4, nil])
    }

    @Test func `there are no loans on a socket, before an agreement, or without a budget on either side`() throws {
        for index in 0..<3 {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let without = index == 0 ? Configuration.with { $0.wait = .block } : Self.configuration { $0.largestPeerLoans = 0 }
            let with = Self.configuration { if index == 2 { $0.loanBudget = 0 } }
            let server = try blockingServer(without, on: endpoint, Self.echo)
            var client = try Connection(connectingTo: endpoint, configuration: with)
            #expect(try !client.canLend(10))
            for size in [10, 100_000, 1_000_000] {
                try client.sendPattern(size, seed: size)
                #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: size, seed: size) } == true)
                #expect(try !client.canLend(size))
            }
            try client.close()
            _ = try server.value()
        }
    }

    @Test func `what cannot be sent cannot be lent, and says why`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let configuration = Self.configuration()
        let server = try blockingServer(configuration, on: endpoint, Self.echo)
        var client = try Self.open(configuration, endpoint)
        #expect(code { () throws(TransportError) in _ = try client.loan(byteCount: 16 << 20 + 1) } == .frameTooLong)
        let box = LoanBox(try unwrap(try client.loan(byteCount: 5)))
        try client.finishSending()
        #expect(code { () throws(TransportError) in _ = try client.loan(byteCount: 1) } == .closed)
        #expect(code { () throws(TransportError) in try client.send(box.loan.take()!) } == .closed)
        try client.close()
        _ = try server.value()
    }

    private func code(_ body: () throws(TransportError) -> Void) -> TransportError.Code? { transportError(body)?.code }

    @Test func `a stream of loans and small frames arrives in order, through a ring that is full`() throws {
        for copies in [false, true] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let configuration = Self.configuration(ringSize: 4_096, copies: copies) { $0.loanBudget = 2 << 20 }
            let count = 3_000
            let server = try blockingServer(configuration, on: endpoint) { connection in
                var connection = consume connection
                var received = 0
                var isSame = true
                while try connection.receiveBatch(
                    within: safetyNet,
                    { frames, reply in
                        while let frame = try frames.next() {
                            isSame = isSame && Pattern.matches(frame, count: Self.size(received), seed: received)
                            received += 1
                            if received == 1 { try reply.sendPattern(0, seed: 0) }
                        }
                    })
                {}
                return isSame ? received : -1
            }
            var client = try Connection(connectingTo: endpoint, configuration: configuration)
            try client.sendPattern(Self.size(0), seed: 0)
            _ = try client.receive(within: safetyNet) { _, _ in }
            for index in 1..<count { try client.sendPattern(Self.size(index), seed: index) }
            try client.close()
            #expect(try server.value() == count)
        }
    }

    /// From nothing to what needs a loan, or pieces where there is none.
    private static func size(_ index: Int) -> Int { index % 7 == 0 ? 60_000 + 100 * (index % 100) : index % 300 }
}

final class LoanBox: @unchecked Sendable {
    var loan: Loan?
    init(_ loan: consuming Loan) { self.loan = consume loan }
}

/// What `#require` does not do for what cannot be copied.
func unwrap(_ loan: consuming Loan?) throws -> Loan {
    guard let loan else { throw NoLoan() }
    return loan
}

struct NoLoan: Error {}

extension Connection {
    mutating func canLend(_ byteCount: Int) throws(TransportError) -> Bool { try loan(byteCount: byteCount) != nil }
}

extension Loan {
    mutating func write(_ bytes: [UInt8]) {
        var memory = mutableBytes
        memory.write(bytes)
    }
}

extension MutableRawSpan {
    mutating func write(_ bytes: [UInt8]) {
        unsafe withUnsafeMutableBytes { unsafe $0.copyBytes(from: bytes) }
    }
}
