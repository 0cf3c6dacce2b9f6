import Glibc
import Testing

@testable import RingIPC

/// Frames that a handler leaves are offered again, unchanged, wherever the stream was cut. The loop is driven turn by turn on this
/// thread, so every cut is exactly where the test puts it.
@Suite struct LeftFramesTests {
    private final class Log {
        var payloads: [[UInt8]] = []
        var misaligned = 0
        var end: CloseReason?
    }

    /// Takes so many frames at a time.
    private struct Picky: ConnectionHandler {
        let log: Log
        let appetite: Int

        mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
            for _ in 0..<appetite {
                guard let frame = try frames.next() else { return }
                log.payloads.append(array(frame.bytes))
                let address = unsafe frame.bytes.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
                if address % 8 != 0 { log.misaligned += 1 }
            }
        }

        mutating func closed(_ reason: CloseReason) { log.end = reason }
    }

    @Test(arguments: [FrameFormat.native, .lengthPrefixed(.little)])
    func `frames that a handler leaves come again as they were`(_ format: FrameFormat) throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let payloads = (0..<40).map { _ in random.bytes(random.number(0...300)) }
            let frames = payloads.flatMap { StreamMaker(format: format).frame($0) }
            let log = Log()
            let stream = (format == .native ? StreamMaker.hello : []) + frames
            try Self.play(stream, format, handler: Picky(log: log, appetite: random.number(1...3)), &random) {
                log.payloads.count == payloads.count || log.end != nil
            }
            let same = log.payloads == payloads
            #expect(same, "seed \(seed): \(log.payloads.count) of \(payloads.count) frames, end: \(String(describing: log.end))")
            if format == .native { #expect(log.misaligned == 0, "seed \(seed)") }
        }
    }

    private static func play(
        _ stream: [UInt8], _ format: FrameFormat, handler: Picky, _ random: inout SeededRandom, until isDone: () -> Bool
    ) throws {
        var configuration = Configuration()
        configuration.format = format
        configuration.pooledBufferCount = 4
        configuration.pooledBufferSize = 1_024
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { _ = close(ends[1]) }
        var core = try LoopCore(backend: EpollBackend(kernel: LinuxKernel(), configuration: configuration), configuration: configuration)
        core.open(Socket(owning: ends[0]), peer: nil, handler: HandlerBox(handler))
        for piece in random.pieces(of: stream) {
            let written = unsafe piece.withUnsafeBytes { unsafe write(ends[1], $0.baseAddress, $0.count) }
            try #require(written == piece.count)
            _ = try core.turn(until: core.now)
        }
        // A frame may take a few turns; a loop that has lost one must not keep the test waiting.
        for _ in 0..<1_000 where !isDone() { _ = try core.turn(until: core.now) }
        core.abortAll()
    }
}
