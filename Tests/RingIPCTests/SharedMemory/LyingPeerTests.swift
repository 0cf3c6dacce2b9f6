import Testing

@testable import RingIPC

/// A peer that writes what it likes into its own segment.
@Suite struct LyingPeerTests {
    private static let ringSize = 4_096

    private func set(_ word: LaneWord, of side: Int, to value: UInt64, in lane: Lane) {
        unsafe lane.memory(of: side).storeBytes(of: value, toByteOffset: word.offset, as: UInt64.self)
    }

    @Test func `a write position that no writer can have is refused`() throws {
        let ring = UInt64(Self.ringSize)
        // The reader has read 64 bytes and given back none.
        for (lie, isLie) in [
            (0, true), (56, true), (65, true), (68, true), (72, false), (ring, false), (ring + 8, true), (ring + 64, true), (1 << 63, true),
            (UInt64.max, true), (UInt64.max - 7, true),
        ] as [(UInt64, Bool)] {
            let lane = try Lane(ringSize: Self.ringSize)
            var (peer, side) = (lane.side(0), lane.side(1))
            #expect(try peer.send([UInt8](repeating: 1, count: 56)))
            peer.publish()
            #expect(try side.receiveAll().count == 1)
            set(.writePosition, of: 0, to: lie, in: lane)
            let error = transportError { () throws(TransportError) in _ = try side.reader.consumer.hasBytes() }
            #expect((error?.code == .invalidSharedMemory) == isLie, "\(lie)")
            if isLie { #expect(error?.operation == .receive && error?.detail.contains("write position is \(lie);") == true) }
        }
    }

    @Test func `a read position that no reader can have is refused`() throws {
        // 1,024 bytes are published, 64 more are written, and 512 were given back.
        for (lie, isLie) in [
            (512, false), (520, false), (1_024, false), (0, true), (504, true), (516, true), (1_032, true), (1_088, true), (4_096, true),
            (1 << 63, true), (UInt64.max - 7, true),
        ] as [(UInt64, Bool)] {
            let lane = try Lane(ringSize: Self.ringSize)
            var side = lane.side(0)
            for _ in 0..<16 { #expect(try side.send([UInt8](repeating: 1, count: 56))) }
            side.publish()
            set(.readPosition, of: 1, to: 512, in: lane)
            #expect(try !side.writer.producer.hasRoom(for: 4_000))
            #expect(try side.send([UInt8](repeating: 1, count: 56)))
            set(.readPosition, of: 1, to: lie, in: lane)
            let error = transportError { () throws(TransportError) in _ = try side.writer.producer.hasRoom(for: 4_000) }
            #expect((error?.code == .invalidSharedMemory) == isLie, "\(lie)")
            if isLie { #expect(error?.operation == .send && error?.detail.contains("read position is \(lie);") == true) }
        }
    }

    @Test func `a head tells of a frame only within the ring, and not while it is a draft`() throws {
        let room = UInt64(Self.ringSize - 64)
        // The reader has read 64 bytes and given back none.
        for (head, length) in [
            (0, nil), (1, 16), (8, 16), (1 << 63, nil), (1 << 63 | 8, nil), (room - 8, room), (room - 7, nil), (UInt64(UInt32.max), nil),
            (UInt64.max, nil), (UInt64.max >> 1, nil), (UInt64(FrameKind.goodbye.rawValue) << 32, 8), (1 << 62 | 8, 16),
        ] as [(UInt64, UInt64?)] {
            let lane = try Lane(ringSize: Self.ringSize)
            var (peer, side) = (lane.side(0), lane.side(1))
            #expect(try peer.send([UInt8](repeating: 1, count: 56)))
            peer.publish()
            #expect(try side.receiveAll().count == 1)
            set(.head(at: 64, inRingOf: UInt64(Self.ringSize)), of: 0, to: head, in: lane)
            #expect(side.reader.consumer.hasFrame() == (length != nil), "\(head)")
            #expect(UInt64(side.reader.consumer.count) == length ?? 0, "\(head)")
            // The position has told nothing new, and is no lie for being behind.
            let told = side.reader.consumer.count
            side.reader.consumer.position = side.reader.consumer.written
            #expect(try !side.reader.consumer.hasBytes() && told == Int(length ?? 0))
        }
    }

    @Test func `a part of a frame is no frame`() throws {
        let lane = try Lane(ringSize: Self.ringSize)
        var side = lane.side(1)
        let frame = StreamMaker.native(payload: [1, 2, 3])
        unsafe lane.memory(of: 0).write(frame + frame, at: SegmentLayout.headLength)
        set(.writePosition, of: 0, to: 24, in: lane)
        var count = 0
        let error = transportError { () throws(TransportError) in _ = try side.receive { _ in count += 1 } }
        #expect(count == 1 && error?.code == .malformedFrame && error?.detail.contains("8 bytes of a frame that is longer") == true)
    }

    @Test func `a length that reaches beyond what is published stays unread`() throws {
        for length in [17, 1_000, 3_000, 1 << 20] as [UInt32] {
            let lane = try Lane(ringSize: Self.ringSize)
            var side = lane.side(1)
            unsafe lane.memory(of: 0).write(StreamMaker(format: .native).header(UInt64(length)), at: SegmentLayout.headLength)
            set(.writePosition, of: 0, to: 24, in: lane)
            var count = 0
            let error = transportError { () throws(TransportError) in _ = try side.receive { _ in count += 1 } }
            #expect(count == 0 && error?.code == .malformedFrame, "\(length)")
        }
    }

    @Test func `a sleeping word of any value costs one doorbell for each publication at most`() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let lane = try Lane(ringSize: Self.ringSize)
            var side = lane.side(0)
            var (rings, expected, answered) = (0, 0, 0 as UInt64)
            for _ in 0..<100 {
                let word = random.bool(oneIn: 3) ? answered : random.next() & (random.bool(oneIn: 2) ? 7 : .max)
                set(.sleeping, of: 1, to: word, in: lane)
                if word & 1 != 0, word != answered { (expected, answered) = (expected + 1, word) }
                guard try side.send([]) else { break }
                side.publish { rings += 1 }
            }
            #expect(rings == expected, "seed \(seed)")
        }
    }

    @Test func `whatever a peer writes, its frames lie within what it published, or it is refused`() throws {
        let check = SharedRingCheck()
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let input = random.bytes(random.number(1...400))
            #expect(unsafe input.withUnsafeBytes { unsafe check.failure(on: $0) } == nil, "seed \(seed)")
        }
    }
}
