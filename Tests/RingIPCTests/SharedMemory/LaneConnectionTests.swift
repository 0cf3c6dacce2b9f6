import Testing

@testable import RingIPC

/// Blocking connections at both ends of a lane of shared memory.
@Suite struct LaneConnectionTests {
    private static func configuration(
        wait: WaitStrategy = .block, ringSize: Int = 64 << 10, copies: Bool = false
    ) -> Configuration {
        .with {
            $0.wait = wait
            $0.sharedMemory = .with {
                $0.ringSize = ringSize
                $0.copiesAllFrames = copies
                // What does not fit the ring goes in pieces.
                $0.loanBudget = 0
            }
        }
    }

    /// Answers every frame with itself, until the client ends.
    private static let echo: @Sendable (consuming Connection) throws -> LaneReport = { connection in
        var connection = consume connection
        while try connection.receive(within: safetyNet, { frame, reply in try reply.send(frame.bytes) }) != nil {}
        let lane = connection.lane
        try connection.close()
        return lane
    }

    @Test(arguments: WaitStrategy.all, [4_096, 64 << 10, 1 << 20])
    func `frames of every size come back, in place and copied`(_ wait: WaitStrategy, _ ringSize: Int) throws {
        for copies in [false, true] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let configuration = Self.configuration(wait: wait, ringSize: ringSize, copies: copies)
            let server = try blockingServer(configuration, on: endpoint, Self.echo)
            var client = try Connection(connectingTo: endpoint, configuration: configuration)
            // The longest would travel in thousands of pieces, with a sleep for each.
            let sizes = [0, 1, 7, 8, 9, 64, 1_000, 4_000, 4_096, 5_000, 20_000, 36_000, 60_000, 66_000, 200_000, 1_000_000, 3_000_000].filter {
                $0 <= 32 * ringSize
            }
            for round in 0..<3 {
                for size in sizes {
                    try client.sendPattern(size, seed: size + round)
                    let isSame = try client.receive(within: safetyNet) { frame, _ in
                        isAligned(frame) && Pattern.matches(frame, count: size, seed: size + round)
                    }
                    #expect(isSame == true, "\(size) bytes")
                }
            }
            let lane = client.lane
            #expect(lane.sending == .sharedMemory && lane.receiving == .sharedMemory, "\(lane)")
            try client.close()
            let other = try server.value()
            #expect(other.sending == .sharedMemory && other.receiving == .sharedMemory, "\(other)")
        }
    }

    @Test func `frames and pieces that are longer than the receiver's own ring arrive, copied`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        var configuration = Self.configuration(copies: true)
        configuration.receiveRingSize = 4_096
        let server = try blockingServer(configuration, on: endpoint, Self.echo)
        var client = try Connection(connectingTo: endpoint, configuration: configuration)
        for size in [10, 3_000, 5_000, 20_000, 50_000, 60_000, 200_000, 1_000_000] {
            try client.sendPattern(size, seed: size)
            #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: size, seed: size) } == true)
        }
        try client.close()
        #expect(try server.value().receiving == .sharedMemory)
    }

    @Test(arguments: WaitStrategy.all, [4_096, 64 << 10])
    func `a stream arrives whole and in order, also from a side that never receives`(_ wait: WaitStrategy, _ ringSize: Int) throws {
        for copies in [false, true] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let configuration = Self.configuration(wait: wait, ringSize: ringSize, copies: copies)
            let count = 20_000
            let server = try blockingServer(configuration, on: endpoint) { connection in
                var connection = consume connection
                var received = 0
                var isSame = true
                while try connection.receiveBatch(
                    within: safetyNet,
                    { frames, _ in
                        while let frame = try frames.next() {
                            isSame = isSame && Pattern.matches(frame, count: received % 300, seed: received)
                            received += 1
                        }
                    })
                {}
                #expect(connection.lane.receiving == .sharedMemory)
                return isSame ? received : -1
            }
            var client = try Connection(connectingTo: endpoint, configuration: configuration)
            for index in 0..<count { try client.sendPattern(index % 300, seed: index) }
            try client.close()
            #expect(try server.value() == count)
        }
    }

    @Test func `in the closure of a receive the lane is told as by the connection`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let server = try blockingServer(Self.configuration(), on: endpoint, Self.echo)
        var client = try Connection(connectingTo: endpoint, configuration: Self.configuration())
        for _ in 0..<2 {
            try client.sendPattern(10, seed: 1)
            let told = try client.receive(within: safetyNet) { _, reply in reply.laneReport }
            #expect(told == client.lane)
        }
        #expect(client.lane.reason == "shared memory")
        try client.close()
        _ = try server.value()
    }

    @Test func `a peer that offers no shared memory is talked to by the socket`() throws {
        for isServer in [false, true] {
            let endpoint = Endpoint.abstract(uniqueAbstractName())
            let (with, without) = (Self.configuration(), Configuration.with { $0.wait = .block })
            let server = try blockingServer(isServer ? with : without, on: endpoint, Self.echo)
            var client = try Connection(connectingTo: endpoint, configuration: isServer ? without : with)
            for size in [0, 1, 70_000] {
                try client.sendPattern(size, seed: size)
                #expect(try client.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: size, seed: size) } == true)
            }
            let lanes = [client.lane]
            try client.close()
            let all = lanes + [try server.value()]
            #expect(all.allSatisfy { $0.sending == .socket && $0.receiving == .socket }, "\(all)")
        }
    }
}
