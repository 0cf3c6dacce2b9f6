import Testing

@testable import RingIPC

@Suite struct SharedRingTests {
    private static let ringSize = 4_096

    @Test func `a frame is seen when it is published, and not before`() throws {
        let lane = try Lane(ringSize: Self.ringSize)
        var (first, second) = (lane.side(0), lane.side(1))
        #expect(try first.send([1, 2, 3]))
        #expect(try second.receiveAll() == [])
        first.publish()
        #expect(try second.receiveAll() == [[1, 2, 3]])
        #expect(try second.receiveAll() == [])
        #expect(try second.send([4]))
        second.publish()
        #expect(try first.receiveAll() == [[4]])
    }

    @Test func `a head takes back nothing of what the position has told`() throws {
        let lane = try Lane(ringSize: Self.ringSize)
        var (first, second) = (lane.side(0), lane.side(1))
        for payload in [[1], [], [2]] as [[UInt8]] { #expect(try first.send(payload)) }
        first.publish()
        let (isToldByPosition, isToldByHead) = (try second.reader.consumer.hasBytes(), second.reader.consumer.hasFrame())
        #expect(isToldByPosition && isToldByHead)
        #expect(second.reader.consumer.count == 16 + 8 + 16)
        #expect(try second.receiveAll() == [[1], [], [2]])
        #expect(try second.receiveByHead() == [])
    }

    @Test func `an empty frame is told of by the position alone, and the one behind it by both`() throws {
        let lane = try Lane(ringSize: Self.ringSize)
        var (first, second) = (lane.side(0), lane.side(1))
        for payload in [[], [2]] as [[UInt8]] {
            #expect(try first.send(payload))
            first.publish()
        }
        #expect(try second.receiveByHead() == [])
        #expect(try second.receiveAll(most: 1) == [[]])
        #expect(second.reader.consumer.count == 16)
        // Another reader has not looked at the position since the first frame.
        second.reader.consumer.written = second.reader.consumer.position
        #expect(try second.receiveByHead() == [[2]])
    }

    @Test func `frames are contiguous, aligned and whole at every offset of the ring`() throws {
        for length in [0, 1, 8, 63, 64, 1_500, Self.ringSize * 7 / 8 - 8] {
            let lane = try Lane(ringSize: Self.ringSize)
            var (writer, reader) = (lane.side(0), lane.side(1))
            let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ length) }
            for _ in 0..<(Self.ringSize / 8) {
                // Each turn moves the ring on by 8 bytes more than the frame, so that the frame begins at every place of it.
                #expect(try writer.send([]))
                #expect(try writer.send(payload) || writer.makeRoom(reader: &reader, for: payload))
                writer.publish()
                var misaligned = false
                var frames: [[UInt8]] = []
                while let _ = try reader.receive({ frame in
                    let bytes = frame.bytes
                    if unsafe bytes.withUnsafeBytes({ Int(bitPattern: $0.baseAddress) % 8 != 0 }) { misaligned = true }
                    if bytes.byteCount > 0 || length == 0 { frames.append(array(bytes)) }
                }) {}
                #expect(!misaligned && frames.last == payload, "length \(length)")
                reader.giveBackAll()
            }
        }
    }

    @Test func `random frames come out as a slow model says`() throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let lane = try Lane(ringSize: Self.ringSize)
            var (writer, reader) = (lane.side(0), lane.side(1))
            let model = RingModel(size: Self.ringSize)
            for _ in 0..<400 {
                switch random.number(0...4) {
                case 0, 1:
                    let payload = random.bytes(random.length(upTo: random.bool(oneIn: 8) ? 3_000 : 200))
                    let written = random.bool(oneIn: 2) ? try writer.send(payload) : try writer.sendInPlace(payload)
                    #expect(written == model.write(payload), "seed \(seed)")
                case 2:
                    writer.publish()
                    model.publish()
                case 3: #expect(try reader.receiveByHead() == model.readByHead(), "seed \(seed)")
                default:
                    let most = random.bool(oneIn: 2) ? Int.max : random.number(0...3)
                    #expect(try reader.receiveAll(most: most) == model.read(most: most), "seed \(seed)")
                }
            }
        }
    }

    @Test func `a frame that never fits is refused, the longest one that does is not`() throws {
        let lane = try Lane(ringSize: Self.ringSize)
        var side = lane.side(0)
        let longest = side.writer.largestFrame - 8
        #expect(longest == 3_576)
        let error = transportError { () throws(TransportError) in _ = try side.send([UInt8](repeating: 1, count: longest + 1)) }
        #expect(error?.code == .frameTooLong && error?.operation == .send)
        let huge = transportError { () throws(TransportError) in _ = try side.writer.write(reserving: .max) { _ in } }
        #expect(huge?.code == .frameTooLong)
        #expect(try side.send([UInt8](repeating: 1, count: longest)))
    }

    @Test func `the longest frame fits whatever a spinning reader keeps back`() throws {
        let lane = try Lane(ringSize: Self.ringSize)
        var (writer, reader) = (lane.side(0), lane.side(1))
        for kept in stride(from: 8, to: Self.ringSize / 8, by: 8) {
            #expect(try writer.send([UInt8](repeating: 2, count: kept - 8)))
            writer.publish()
            _ = try reader.receiveAll()
            #expect(try writer.send([UInt8](repeating: 3, count: writer.writer.largestFrame - 8)), "\(kept) bytes kept")
            writer.publish()
            #expect(try reader.receiveAll().count == 1)
            reader.giveBackAll()
        }
    }

    @Test func `a reader gives room back for each eighth of the ring`() throws {
        let lane = try Lane(ringSize: Self.ringSize)
        var (writer, reader) = (lane.side(0), lane.side(1))
        var visible: [UInt64] = []
        for _ in 0..<(Self.ringSize / 64) {
            #expect(try writer.send([UInt8](repeating: 0, count: 56)))
            writer.publish()
            _ = try reader.receiveAll()
            let released = unsafe lane.memory(of: 1).load(fromByteOffset: LaneWord.readPosition.offset, as: UInt64.self)
            if visible.last != released { visible.append(released) }
        }
        #expect(visible == (0...8).map { UInt64($0 * Self.ringSize / 8) })
    }

    @Test func `control frames are taken off, and the goodbye ends the batch`() throws {
        let lane = try Lane(ringSize: Self.ringSize)
        var (writer, reader) = (lane.side(0), lane.side(1))
        #expect(try writer.send([1]))
        let goodbye = StreamMaker.native(kind: 77, flags: 1, payload: [9, 9]) + StreamMaker.goodbye
        unsafe lane.memory(of: 0).write(goodbye, at: SegmentLayout.headLength + 16)
        writer.writer.producer.advance(goodbye.count)
        writer.publish()
        #expect(try reader.reader.consumer.hasBytes())
        var batch = reader.reader.frames()
        let first = try batch.next()?.count
        let second = try batch.next()?.count
        try SharedRingReader.requireFrame(in: &batch)
        let (isFinished, rest) = (batch.isFinished, batch.remainingCount)
        #expect(first == 1 && second == nil && isFinished && rest == 0)
    }
}

/// A ring as a list of frames.
private final class RingModel {
    private let size: Int
    private var frames: [[UInt8]] = []
    private var (publishedCount, bytes, readBytes, releasedBytes, writtenBytes) = (0, 0, 0, 0, 0)
    /// How much of the frames the reader had seen when it last looked: it looks again only when it has read that.
    private var seenCount = 0

    init(size: Int) { self.size = size }

    private func length(_ payload: [UInt8]) -> Int { 8 + (payload.count + 7) / 8 * 8 }

    func write(_ payload: [UInt8]) -> Bool {
        guard writtenBytes - releasedBytes + length(payload) < size else { return false }
        frames.append(payload)
        writtenBytes += length(payload)
        return true
    }

    func publish() { publishedCount = frames.count }

    func read(most: Int) -> [[UInt8]] {
        if seenCount == 0 { seenCount = publishedCount }
        return take(min(most, seenCount))
    }

    /// A head tells of one frame, unless it is that of an empty one.
    func readByHead() -> [[UInt8]] {
        guard seenCount == 0, publishedCount > 0, frames[0] != [] else { return [] }
        seenCount = 1
        return take(1)
    }

    private func take(_ count: Int) -> [[UInt8]] {
        let taken = Array(frames.prefix(count))
        frames.removeFirst(taken.count)
        publishedCount -= taken.count
        seenCount -= taken.count
        readBytes += taken.reduce(0) { $0 + length($1) }
        if readBytes - releasedBytes >= size / 8 { releasedBytes = readBytes }
        return taken
    }
}

extension LaneSide {
    fileprivate mutating func sendInPlace(_ payload: [UInt8]) throws(TransportError) -> Bool {
        try writer.write(reserving: payload.count) { memory in
            for (index, byte) in payload.enumerated() { memory.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
        }
    }

    /// What stands in front of the frame is read and given back, then there is room for it.
    fileprivate mutating func makeRoom(reader: inout LaneSide, for payload: [UInt8]) throws(TransportError) -> Bool {
        publish()
        _ = try reader.receiveAll()
        reader.giveBackAll()
        return try send(payload)
    }
}

extension UnsafeMutableRawBufferPointer {
    func write(_ bytes: [UInt8], at offset: Int) {
        for (index, byte) in bytes.enumerated() { unsafe self[offset + index] = byte }
    }
}
