import Glibc
import Testing

@testable import RingIPC

/// Loaned frames that are kept beyond the call that showed them.
@Suite struct LeaseTests {
    private static let count = 100_000

    private static func configuration(_ change: (inout SharedMemoryOptions) -> Void = { _ in }) -> Configuration {
        LaneByHand.configuration {
            $0.ringSize = 64 << 10
            change(&$0)
        }
    }

    /// Sends so many patterns of ``count`` bytes as it is asked for, until the asking ends.
    private static let source: @Sendable (consuming Connection) throws -> UInt64 = { connection in
        var connection = consume connection
        var sent = 0
        while let wanted = try connection.receive(within: safetyNet, { frame, _ in frame.count }) {
            for _ in 0..<wanted {
                try connection.sendPattern(count, seed: sent)
                sent += 1
            }
        }
        let bytes = connection.statistics.bytesSent
        try connection.close()
        return bytes
    }

    private func ask(_ count: Int, _ client: inout Connection) throws { try client.sendPattern(count, seed: 0) }

    @Test func `leases keep their bytes beyond the call, and end in any order and on any thread`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let configuration = Self.configuration()
        let server = try blockingServer(configuration, on: endpoint, Self.source)
        var client = try Connection(connectingTo: endpoint, configuration: configuration)
        // The first comes by the socket, perhaps.
        try ask(1, &client)
        _ = try client.receive(within: safetyNet) { _, _ in }
        var received = 1
        for round in 0..<10 {
            let boxes = (0..<8).map { _ in LeaseBox() }
            try ask(boxes.count, &client)
            for box in boxes {
                _ = try client.receive(within: safetyNet) { frame, outbound in
                    box.lease = outbound.lease(frame)
                    let isLeasedAgain = outbound.lease(frame) != nil
                    #expect(!isLeasedAgain)
                }
            }
            for (index, box) in boxes.enumerated() { #expect(box.matches(Self.count, seed: received + index)) }
            received += boxes.count
            var order = SeededRandom(seed: UInt64(round) + 1)
            for box in boxes.shuffled(using: &order) {
                if order.bool(oneIn: 2) { box.lease = nil } else { try Background { box.lease = nil }.value() }
            }
        }
        try client.close()
        _ = try server.value()
    }

    @Test func `there are as many leases as are allowed, and no more`() throws {
        for limit in [0, 1, 3] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let configuration = Self.configuration { $0.maximumLeases = limit }
            let server = try blockingServer(configuration, on: endpoint, Self.source)
            var client = try Connection(connectingTo: endpoint, configuration: configuration)
            try ask(1, &client)
            _ = try client.receive(within: safetyNet) { _, _ in }
            for _ in 0..<3 {
                let boxes = (0..<(limit + 2)).map { _ in LeaseBox() }
                try ask(boxes.count, &client)
                for box in boxes { _ = try client.receive(within: safetyNet) { frame, outbound in box.lease = outbound.lease(frame) } }
                #expect(boxes.map(\.isLeased) == (0..<boxes.count).map { $0 < limit })
            }
            try client.close()
            _ = try server.value()
        }
    }

    @Test func `no frame but a loan that is being handled in place has a lease`() throws {
        for copies in [false, true] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let configuration = Self.configuration {
                $0.copiesAllFrames = copies
                $0.loanThreshold = copies ? 0 : 1 << 20
            }
            let server = try blockingServer(configuration, on: endpoint, Self.source)
            var client = try Connection(connectingTo: endpoint, configuration: configuration)
            try ask(3, &client)
            for _ in 0..<3 { #expect(try client.receive(within: safetyNet) { $1.lease($0) == nil } == true) }
            try client.close()
            _ = try server.value()
        }
    }

    @Test func `a peer that gives nothing back is sent everything all the same`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let configuration = Self.configuration {
            $0.loanBudget = 1 << 20
            $0.maximumLeases = 1_000
        }
        let server = try blockingServer(configuration, on: endpoint, Self.source)
        var client = try Connection(connectingTo: endpoint, configuration: configuration)
        let boxes = (0..<40).map { _ in LeaseBox() }
        try ask(boxes.count, &client)
        for (seed, box) in boxes.enumerated() {
            let isSame = try client.receive(within: safetyNet) { frame, outbound in
                box.lease = outbound.lease(frame)
                return Pattern.matches(frame, count: Self.count, seed: seed)
            }
            #expect(isSame == true)
        }
        let leased = boxes.indices.filter { boxes[$0].isLeased }
        #expect(leased.count >= 4 && leased.count < 8, "\(leased)")
        for index in leased { #expect(boxes[index].matches(Self.count, seed: index)) }
        try client.close()
        #expect(try server.value() > UInt64(40 * Self.count))
    }

    @Test func `leases outlive their connection, and then nothing of it is left`() throws {
        let lane = try LaneByHand()
        let pool = try PoolByHand(chunkSizeBits: 17)
        try lane.pass(pool.announcement(), pool.descriptor)
        for chunk in 0..<2 { lane.lend(1, UInt32(chunk), pool.fill(chunk, Self.count, seed: chunk)) }
        let boxes = [LeaseBox(), LeaseBox()]
        do {
            var connection = try Connection(connectingTo: .descriptor(lane.descriptor), configuration: Self.configuration())
            for box in boxes { _ = try connection.receive(within: safetyNet) { frame, outbound in box.lease = outbound.lease(frame) } }
        }
        for (seed, box) in boxes.enumerated() { #expect(box.matches(Self.count, seed: seed)) }
        #expect(pool.file.mappingCount == 2 && pool.file.openCount == 1)
        boxes[1].lease = nil
        #expect(boxes[0].matches(Self.count, seed: 0) && pool.file.mappingCount == 2)
        try Background { boxes[0].lease = nil }.value()
        #expect(pool.isAlone)
    }
}

final class LeaseBox: @unchecked Sendable {
    var lease: FrameLease?

    var isLeased: Bool { lease != nil }

    func matches(_ count: Int, seed: Int) -> Bool {
        guard let lease = lease.take() else { return false }
        let isSame = lease.count == count && array(lease.bytes) == Pattern.bytes(count, seed: seed)
        self.lease = consume lease
        return isSame
    }
}
