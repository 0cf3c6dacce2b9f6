import Testing

@testable import RingIPC

@Suite struct MirroredRingTests {
    private static let size = 4_096

    /// Writes bytes as the kernel does, and says how many fitted.
    private static func receive(_ bytes: some Collection<UInt8>, into ring: inout MirroredRing) -> Int {
        let room = unsafe ring.writable
        let count = min(room.count, bytes.count)
        unsafe room.copyBytes(from: bytes.prefix(count))
        ring.markReceived(count)
        return count
    }

    @Test func `a stretch over the seam is contiguous`() throws {
        for start in [1, 7, 8, 4_000, 4_095] {
            var ring = try MirroredRing(size: Self.size, during: .connect)
            // One byte stays behind, so that the ring does not rewind.
            _ = Self.receive([UInt8](repeating: 0, count: start + 1), into: &ring)
            ring.consume(start)
            let bytes = (0..<(Self.size - 1)).map { UInt8(truncatingIfNeeded: $0 / 3) }
            #expect(Self.receive(bytes, into: &ring) == bytes.count)
            ring.consume(1)
            let (readable, room) = unsafe (Array(ring.readable), ring.writable.count)
            #expect(readable == bytes && room == 1, "from byte \(start)")
        }
    }

    @Test func `bytes come out as they went in, and never more than fit`() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var ring = try MirroredRing(size: Self.size, during: .connect)
            var model: [UInt8] = []
            for _ in 0..<150 {
                let bytes = random.bytes(random.number(0...(random.bool(oneIn: 4) ? 5_000 : 600)))
                let received = Self.receive(bytes, into: &ring)
                #expect(received == min(bytes.count, Self.size - model.count), "seed \(seed)")
                model += bytes.prefix(received)
                let same = unsafe holds(ring.readable, model)
                #expect(same, "seed \(seed)")
                let consumed = random.bool(oneIn: 4) ? model.count : random.number(0...model.count)
                ring.consume(consumed)
                model.removeFirst(consumed)
            }
            let (count, head) = (ring.count, ring.head)
            #expect(count == model.count && (0..<Self.size).contains(head), "seed \(seed)")
        }
    }

    @Test func `the position keeps its remainder by 8 over wraps and rewinds`() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var ring = try MirroredRing(size: Self.size, during: .connect)
            var total = 0
            for _ in 0..<300 {
                ring.markReceived(random.number(0...(Self.size - ring.count)))
                let consumed = random.bool(oneIn: 3) ? ring.count : random.number(0...ring.count)
                ring.consume(consumed)
                total += consumed
                let (head, count) = (ring.head, ring.count)
                #expect(head % 8 == total % 8, "seed \(seed)")
                if count == 0 && consumed > 0 { #expect(head < 8, "an empty ring starts at the front, seed \(seed)") }
            }
        }
    }

    @Test func `native payloads are aligned wherever they lie`() throws {
        for seed in 1...30 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var ring = try MirroredRing(size: Self.size, during: .connect)
            let parser = FrameParser(format: .native, maximumFrameLength: 1_500)
            let stream = StreamMaker(format: .native).randomStream(frames: 120, longest: 1_500, &random)
            let expected = ReferenceDecoder(format: .native, limit: 1_500).verdict(on: stream).frames
            var (sent, frames, misaligned, wraps) = (0, [] as [StreamVerdict.Frame], 0, 0)
            while sent < stream.count {
                let received = Self.receive(stream[sent..<min(stream.count, sent + random.number(1...2_000))], into: &ring)
                sent += received
                var batch = unsafe FrameBatch(parser: parser, memory: ring.readable)
                let before = ring.head
                while let frame = try batch.next() {
                    frames.append(.data(array(frame.bytes)))
                    let address = unsafe frame.bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
                    if address % 8 != 0 { misaligned += 1 }
                }
                ring.consume(batch.consumedCount)
                if ring.head < before && ring.count > 0 { wraps += 1 }
            }
            #expect(frames == expected, "seed \(seed)")
            #expect(misaligned == 0 && wraps > 5, "seed \(seed): \(misaligned) misaligned, \(wraps) wraps")
        }
    }

    @Test func `a ring that cannot be mapped says which setting to lower`() {
        let error = transportError { () throws(TransportError) in _ = try MirroredRing(size: 1 << 60, during: .connect) }
        #expect(error?.code == .memoryExhausted && error?.operation == .connect)
        #expect(error?.detail.contains("make receiveRingSize smaller") == true)
    }
}
