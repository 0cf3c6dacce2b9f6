@testable import RingIPC

/// The receiving side of a blocking connection, kept from one input to the next, because making one maps memory.
final class InboundDriver {
    private static let ringSize = 4_096
    private var inbound: Inbound

    /// Native ones have taken the peer's hello.
    init(_ format: FrameFormat, limit: Int) {
        var configuration = Configuration()
        configuration.format = format
        configuration.maximumFrameLength = limit
        configuration.receiveRingSize = Self.ringSize
        do throws(TransportError) {
            inbound = try Inbound(configuration: configuration)
            guard format == .native else { return }
            unsafe Hello(maximumFrameLength: limit).write(to: try inbound.memoryForReceive().baseAddress!)
            inbound.markReceived(Hello.encodedLength)
            _ = try inbound.takeHello()
        } catch {
            fatalError("\(error)")
        }
    }

    /// - Parameter start: how many words before the ring's end the stream begins, so that short streams cross it.
    func verdict(on stream: [UInt8], _ pieces: PieceLengths, startingAt start: Int) -> StreamVerdict {
        inbound.ring.head = (Self.ringSize - 8 * start) & (Self.ringSize - 1)
        var verdict = StreamVerdict()
        do throws(TransportError) {
            for piece in pieces.ranges(in: stream.count) { try feed(stream[piece], &verdict) }
            if verdict.error == nil { verdict.restCount = inbound.partialCount }
        } catch {
            verdict = StreamVerdict(frames: verdict.frames, error: error.code)
        }
        if inbound.isSpanning { inbound.consume(1) }
        inbound.consume(inbound.ring.count)
        return verdict
    }

    private func feed(_ piece: ArraySlice<UInt8>, _ verdict: inout StreamVerdict) throws(TransportError) {
        var rest = piece
        while !rest.isEmpty && verdict.error == nil {
            let memory = unsafe try inbound.memoryForReceive()
            let count = min(memory.count, rest.count)
            precondition(count > 0, "no room although all frames were taken")
            unsafe memory.copyBytes(from: rest.prefix(count))
            inbound.markReceived(count)
            rest.removeFirst(count)
            let batch = unsafe FrameBatch(parser: inbound.parser, memory: inbound.readable)
            inbound.consume(verdict.take(batch))
        }
    }
}
