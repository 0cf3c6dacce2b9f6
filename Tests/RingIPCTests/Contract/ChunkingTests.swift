import Testing

@testable import RingIPC

/// How the stream is cut on its way makes no difference: not for content, not for alignment.
@Suite struct ChunkingTests {
    private static func stream(_ payloads: [[UInt8]], _ format: FrameFormat) -> [UInt8] {
        WireBytes.opening(format) + payloads.flatMap { WireBytes.frame($0, format) } + WireBytes.ending(format)
    }

    private static func payloads(_ sizes: [Int]) -> [[UInt8]] {
        sizes.enumerated().map { Pattern.bytes($0.element, seed: $0.offset) }
    }

    private static func randomPayloads(_ random: inout SeededRandom) -> [[UInt8]] {
        payloads(
            (0..<120).map { _ in
                Int.random(in: 0..<20, using: &random) == 0 ? Int.random(in: 0...12_000, using: &random) : Int.random(in: 0...90, using: &random)
            })
    }

    private static func small(_ format: FrameFormat) -> (inout Configuration) -> Void {
        {
            $0.format = format
            $0.pooledBufferSize = 1 << 10
            $0.pooledBufferCount = 8
            $0.receiveRingSize = 4 << 10
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `a stream in random pieces gives the frames that were sent`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        try withServer(setup, Self.small(format), handler: { _ in Collector(journal: journal) }) { _, endpoint in
            for seed in 1...3 as ClosedRange<UInt64> {
                var random = SeededRandom(seed: seed)
                let payloads = Self.randomPayloads(&random)
                let before = journal.now.frames.count
                let peer = try RawPeer(connectedTo: endpoint)
                var rest = Self.stream(payloads, format)[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...700, using: &random))
                    try peer.writeAlone(Array(piece))
                    rest = rest.dropFirst(piece.count)
                }
                peer.finishWriting()
                #expect(try journal.closed(Int(seed)).code == nil)
                #expect(Array(journal.now.frames.dropFirst(before)) == payloads)
            }
            if format == .native { #expect(journal.now.misaligned == 0) }
        }
    }

    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `a stream byte by byte gives the frames that were sent`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let payloads = Self.payloads([0, 1, 7, 8, 9, 40])
        let journal = Journal()
        try withServer(setup, Self.small(format), handler: { _ in Collector(journal: journal) }) { _, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            for byte in Self.stream(payloads, format) { try peer.writeAlone([byte]) }
            peer.finishWriting()
            #expect(try journal.closed().code == nil)
            #expect(journal.now.frames == payloads)
            #expect(journal.now.opened == 1)
            if format == .native { #expect(journal.now.misaligned == 0) }
        }
    }

    @Test(arguments: Machine.blockingChoices, FrameFormat.all)
    func `a blocking connection gets the frames of a stream in random pieces`(_ backend: BackendChoice, _ format: FrameFormat) throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let (peer, descriptor) = RawPeer.pair()
            let writer = Background {
                var random = SeededRandom(seed: seed)
                let payloads = Self.randomPayloads(&random)
                var rest = Self.stream(payloads, format)[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(seed == 1 ? Int.random(in: 1...60, using: &random) : Int.random(in: 1...700, using: &random))
                    try peer.writeAlone(Array(piece))
                    rest = rest.dropFirst(piece.count)
                }
                peer.finishWriting()
                return payloads
            }
            var connection = try Connection(
                connectingTo: .descriptor(descriptor),
                configuration: .with {
                    Self.small(format)(&$0)
                    $0.backend = backend
                    $0.wait = .block
                })
            var got: [[UInt8]] = []
            var misaligned = 0
            while let (payload, aligned) = try connection.receive(within: safetyNet, { frame, _ in (bytes(of: frame), isAligned(frame)) }) {
                got.append(payload)
                if !aligned { misaligned += 1 }
            }
            #expect(try writer.value() == got)
            if format == .native { #expect(misaligned == 0) }
        }
    }

    /// The cut leaves the rest of the buffer at an odd address, and the handler leaves frames: what it left has to be where it is looked for.
    @Test(arguments: LoopSetup.usable, FrameFormat.all)
    func `frames that a handler leaves survive any cut`(_ setup: LoopSetup, _ format: FrameFormat) throws {
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, _ in
                guard let frame = try frames.next() else { return }
                let (copy, aligned) = (bytes(of: frame), isAligned(frame))
                journal.note {
                    $0.frames.append(copy)
                    if !aligned { $0.misaligned += 1 }
                }
            })
        try withServer(setup, Self.small(format), handler: { _ in handler }) { _, endpoint in
            for seed in 1...3 as ClosedRange<UInt64> {
                var random = SeededRandom(seed: seed)
                let payloads = Self.randomPayloads(&random)
                let before = journal.now.frames.count
                let peer = try RawPeer(connectedTo: endpoint)
                var rest = Self.stream(payloads, format)[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...3_000, using: &random))
                    try peer.writeAlone(Array(piece))
                    rest = rest.dropFirst(piece.count)
                }
                peer.finishWriting()
                #expect(try journal.closed(Int(seed)).code == nil)
                #expect(Array(journal.now.frames.dropFirst(before)) == payloads)
            }
            if format == .native { #expect(journal.now.misaligned == 0) }
        }
    }
}
