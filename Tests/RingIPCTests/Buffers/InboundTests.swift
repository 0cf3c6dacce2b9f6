import Testing

@testable import RingIPC

/// The ring of a connection together with the memory for frames that are longer than it.
@Suite struct InboundTests {
    private static func configuration(_ format: FrameFormat, budget: Int = 1 << 20) -> Configuration {
        var configuration = Configuration()
        configuration.format = format
        configuration.receiveRingSize = 4_096
        configuration.maximumFrameLength = 40_000
        configuration.spanningBudget = budget
        return configuration
    }

    @Test(arguments: FrameFormat.all)
    func `frames shorter and longer than the ring arrive in order, however they are cut`(_ format: FrameFormat) throws {
        for seed in 1...25 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let frameBytes = Self.stream(format, &random)
            let expected = ReferenceDecoder(format: format, limit: 40_000).verdict(on: frameBytes).frames
            let stream = (format == .native ? StreamMaker.hello : []) + frameBytes
            var inbound = try Inbound(configuration: Self.configuration(format))
            var (rest, frames, misaligned) = (stream[...], [] as [StreamVerdict.Frame], 0)
            while !rest.isEmpty {
                let memory = unsafe try inbound.memoryForReceive()
                let count = min(memory.count, rest.count, random.number(1...6_000))
                unsafe memory.copyBytes(from: rest.prefix(count))
                inbound.markReceived(count)
                if inbound.isAwaitingHello { _ = try inbound.takeHello() }
                rest = rest.dropFirst(count)
                // Some readers leave frames; then the memory may be full, and room comes with the next read.
                var wanted = unsafe memory.isEmpty ? Int.max : random.number(0...5)
                var batch = unsafe FrameBatch(parser: inbound.parser, memory: inbound.readable)
                while wanted > 0, let frame = try batch.next() {
                    frames.append(frame.isNull ? .null : .data(array(frame.bytes)))
                    let address = unsafe frame.bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
                    if address % 8 != 0 { misaligned += 1 }
                    wanted -= 1
                }
                inbound.consume(batch.consumedCount)
            }
            while true {
                var batch = unsafe FrameBatch(parser: inbound.parser, memory: inbound.readable)
                while let frame = try batch.next() { frames.append(frame.isNull ? .null : .data(array(frame.bytes))) }
                guard batch.consumedCount > 0 else { break }
                inbound.consume(batch.consumedCount)
            }
            let same = frames == expected
            #expect(same, "seed \(seed): \(frames.count) of \(expected.count) frames")
            let (partial, isSpanning) = (inbound.partialCount, !inbound.isOrdinary)
            #expect(partial == 0 && !isSpanning, "seed \(seed)")
            if format == .native { #expect(misaligned == 0, "seed \(seed)") }
        }
    }

    @Test func `only the front of a long frame is copied`() throws {
        var inbound = try Self.pastHello(Self.configuration(.native))
        let stream = StreamMaker(format: .native).frame([UInt8](repeating: 3, count: 30_000))
        var rest = stream[...]
        while !rest.isEmpty {
            let memory = unsafe try inbound.memoryForReceive()
            unsafe memory.copyBytes(from: rest.prefix(memory.count))
            let count = min(memory.count, rest.count)
            inbound.markReceived(count)
            rest = rest.dropFirst(count)
        }
        let (copied, partial) = (inbound.copiedBytes, inbound.partialCount)
        #expect(copied == 4_096 && partial == stream.count)
        let full = unsafe try inbound.memoryForReceive().count
        #expect(full == 0, "the next frame waits until this one is read")
    }

    @Test func `the less of a long frame is there when its length is known, the less is copied`() throws {
        for format in [FrameFormat.native, .lengthPrefixed(.little)] {
            var inbound = format == .native ? try Self.pastHello(Self.configuration(format)) : try Inbound(configuration: Self.configuration(format))
            let stream = StreamMaker(format: format).frame([UInt8](repeating: 3, count: 30_000))
            var rest = stream[...]
            // A length that is not whole says nothing yet.
            for count in [3, 97, 2_000] {
                let memory = unsafe try inbound.memoryForReceive()
                unsafe memory.copyBytes(from: rest.prefix(count))
                inbound.markReceived(count)
                rest = rest.dropFirst(count)
            }
            let copied = inbound.copiedBytes
            #expect(copied == 100)
        }
    }

    @Test func `a frame over the budget names the setting`() throws {
        var inbound = try Self.pastHello(Self.configuration(.native, budget: 8_192))
        let stream = StreamMaker(format: .native).frame([UInt8](repeating: 3, count: 30_000))
        var rest = stream[...]
        var error: TransportError?
        while error == nil, !rest.isEmpty {
            error = transportError { () throws(TransportError) in
                let memory = unsafe try inbound.memoryForReceive()
                unsafe memory.copyBytes(from: rest.prefix(memory.count))
                let count = min(memory.count, rest.count)
                inbound.markReceived(count)
                rest = rest.dropFirst(count)
            }
        }
        #expect(error?.code == .memoryExhausted && stream.count - rest.count == 8_192)
        #expect(error?.detail.contains("8192 bytes of spanningBudget") == true)
    }

    /// A native inbound side that has taken the peer's hello.
    private static func pastHello(_ configuration: Configuration) throws -> Inbound {
        var inbound = try Inbound(configuration: configuration)
        unsafe try inbound.memoryForReceive().copyBytes(from: StreamMaker.hello)
        inbound.markReceived(StreamMaker.hello.count)
        let hello = try inbound.takeHello()
        #expect(hello?.maximumFrameLength == 16 << 20)
        return inbound
    }

    private static func stream(_ format: FrameFormat, _ random: inout SeededRandom) -> [UInt8] {
        let maker = StreamMaker(format: format)
        let around = 4_096 - format.headerLength
        var stream: [UInt8] = []
        for _ in 0..<30 {
            let length = [random.number(0...40), random.number(0...4_000), around + random.number(-9...9), random.number(4_096...40_000)]
            stream += maker.frame(random.bytes(length[random.number(0...3)]))
            if format == .qByteArray, random.bool(oneIn: 5) { stream += StreamMaker.qtNull }
            if format == .native, random.bool(oneIn: 5) {
                stream += StreamMaker.native(kind: 9, flags: 1, payload: random.bytes(random.number(0...9_000)))
            }
        }
        return stream
    }
}
