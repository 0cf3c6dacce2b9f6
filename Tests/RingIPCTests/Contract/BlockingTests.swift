import Testing

@testable import RingIPC

/// A blocking connection and a peer that does what it likes.
@Suite struct BlockingTests {
    private static func configuration(
        _ backend: BackendChoice, _ format: FrameFormat = .native, _ change: (inout Configuration) -> Void = { _ in }
    ) -> Configuration {
        .with {
            $0.backend = backend
            $0.format = format
            $0.wait = .block
            change(&$0)
        }
    }

    @Test(arguments: Machine.blockingChoices, FrameFormat.all)
    func `a flush to a peer that never reads times out, and the rest stays queued`(_ backend: BackendChoice, _ format: FrameFormat) throws {
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(
            connectingTo: .descriptor(descriptor), configuration: Self.configuration(backend, format) { $0.coalescing.thresholdBytes = 8 << 20 })
        for index in 0..<100 { try connection.sendPattern(20_000, seed: index) }
        #expect(throws: TransportError.self) { try connection.flush(within: .milliseconds(20)) }
        let reader = Background { try peer.readToEnd() }
        try peer.write(WireBytes.opening(format))
        try connection.close()
        #expect(WireBytes.payloads(in: try reader.value(), format) == (0..<100).map { Pattern.bytes(20_000, seed: $0) })
    }

    @Test(arguments: Machine.blockingChoices)
    func `a flush times out also when the peer has ended its side`(_ backend: BackendChoice) throws {
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(
            connectingTo: .descriptor(descriptor), configuration: Self.configuration(backend) { $0.coalescing.thresholdBytes = 8 << 20 })
        try peer.write(WireBytes.hello() + WireBytes.goodbye)
        peer.finishWriting()
        for index in 0..<100 { try connection.sendPattern(20_000, seed: index) }
        let code = failure { () throws(TransportError) in try connection.flush(within: .milliseconds(20)) }?.code
        #expect(code == .timedOut)
        let reader = Background { try peer.readToEnd() }
        try connection.close()
        #expect(WireBytes.payloads(in: try reader.value(), .native)?.count == 100)
    }

    @Test(arguments: Machine.blockingChoices)
    func `two that both send much before they receive do not wait for each other`(_ backend: BackendChoice) throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        // The ring takes what the other side has sent meanwhile.
        let configuration = Self.configuration(backend) { $0.receiveRingSize = 4 << 20 }
        let work: @Sendable (consuming Connection) throws -> Bool = { connection in
            var connection = consume connection
            for index in 0..<30 { try connection.sendPattern(50_000 + index, seed: index) }
            var isSame = true
            for index in 0..<30 {
                isSame =
                    try connection.receive(within: safetyNet) { [isSame] frame, _ in
                        isSame && Pattern.matches(frame, count: 50_000 + index, seed: index)
                    } ?? false
            }
            try connection.close()
            return isSame
        }
        let server = try blockingServer(configuration, on: endpoint, work)
        #expect(try work(try Connection(connectingTo: endpoint, configuration: configuration)))
        #expect(try server.value())
    }

    enum Ending: String, CaseIterable, Sendable { case goodbye, nothing, cut, reset }

    @Test(arguments: Machine.blockingChoices, Ending.allCases)
    func `a receive tells how the peer went away`(_ backend: BackendChoice, _ ending: Ending) throws {
        for format in FrameFormat.all {
            let (peer, descriptor) = RawPeer.pair()
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: Self.configuration(backend, format))
            try connection.sendPattern(10, seed: 1)
            try connection.flush()
            if ending != .reset {
                _ = try peer.read(exactly: WireBytes.opening(format).count + WireBytes.frame(Pattern.bytes(10, seed: 1), format).count)
            }
            try peer.write(WireBytes.opening(format) + WireBytes.frame([1, 2, 3], format))
            switch ending {
            case .goodbye: try peer.write(WireBytes.ending(format))
            case .cut: try peer.write(Array(WireBytes.frame([4, 5, 6], format).dropLast()))
            case .nothing, .reset: break
            }
            // With our frame unread this is a reset.
            peer.close()
            #expect(try connection.receive(within: safetyNet) { frame, _ in bytes(of: frame) } == [1, 2, 3])
            let expected: TransportError.Code? =
                switch ending {
                case .goodbye: nil
                case .nothing: format == .native ? .peerClosedAbruptly : nil
                case .cut: .truncatedFrame
                case .reset: .connectionReset
                }
            var code: TransportError.Code?
            do {
                let more: Int? = try connection.receive(within: safetyNet) { _, _ in 1 }
                #expect(more == nil)
            } catch let error as TransportError { code = error.code }
            #expect(code == expected, "\(format)")
        }
    }

    @Test(arguments: Machine.blockingChoices, WaitStrategy.all)
    func `a receive times out, and the connection goes on`(_ backend: BackendChoice, _ wait: WaitStrategy) throws {
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(
            connectingTo: .descriptor(descriptor), configuration: Self.configuration(backend) { $0.wait = wait })
        try peer.write(WireBytes.hello())
        for round in 0..<3 {
            #expect(throws: TransportError.self) { _ = try connection.receive(within: .milliseconds(2)) { _, _ in 1 } }
            let frame = WireBytes.frame(Pattern.bytes(30, seed: round), .native)
            try peer.write(Array(frame.prefix(11)))
            #expect(throws: TransportError.self) { _ = try connection.receive(within: .milliseconds(2)) { _, _ in 1 } }
            try peer.write(Array(frame.dropFirst(11)))
            #expect(try connection.receive(within: safetyNet) { frame, _ in Pattern.matches(frame, count: 30, seed: round) } == true)
        }
    }

    @Test(arguments: Machine.blockingChoices)
    func `after finishSending the peer's frames still come`(_ backend: BackendChoice) throws {
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: Self.configuration(backend))
        try connection.sendPattern(3, seed: 3)
        try connection.finishSending()
        #expect(failure { () throws(TransportError) in try connection.flush() } == nil)
        #expect(WireBytes.payloads(in: try peer.readToEnd(), .native) == [Pattern.bytes(3, seed: 3)])
        #expect(throws: TransportError.self) { try connection.sendPattern(3, seed: 3) }
        try peer.write(WireBytes.hello() + WireBytes.frame([9], .native) + WireBytes.goodbye)
        #expect(try connection.receive(within: safetyNet) { frame, _ in bytes(of: frame) } == [9])
        #expect(try connection.receive(within: safetyNet) { _, _ in 1 } == nil)
        try connection.close()
    }

    @Test(arguments: Machine.blockingChoices)
    func `frames that a batch leaves are offered again`(_ backend: BackendChoice) throws {
        let (peer, descriptor) = RawPeer.pair()
        var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: Self.configuration(backend))
        try peer.write(WireBytes.hello() + (0..<20).flatMap { WireBytes.frame([UInt8($0)], .native) } + WireBytes.goodbye)
        peer.finishWriting()
        var got: [[UInt8]] = []
        while try connection.receiveBatch(
            within: safetyNet,
            { frames, _ in
                for _ in 0..<3 {
                    guard let frame = try frames.next() else { return }
                    got.append(bytes(of: frame))
                }
            })
        {}
        #expect(got == (0..<20).map { [UInt8($0)] })
    }
}
