import Glibc
import Testing

@testable import RingIPC

/// Handlers that want no input for a while. The loops are driven turn by turn on this thread.
@Suite struct HeldBackTests {
    /// Takes so many frames, then wants no more until it is asked for.
    private final class Reader {
        var payloads: [[UInt8]] = []
        var appetite: Int
        var connection: ConnectionID?
        var hasFinished = false
        var end: CloseReason?
        var greeting: [UInt8] = []

        init(appetite: Int) { self.appetite = appetite }
    }

    private struct Handler: ConnectionHandler {
        let reader: Reader

        mutating func opened(_ outbound: inout Outbound) {
            reader.connection = outbound.connection
            let greeting = reader.greeting
            if !greeting.isEmpty { unsafe try! outbound.send(greeting.span.bytes) }
        }

        mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
            while reader.appetite > 0, let frame = try frames.next() {
                reader.payloads.append(array(frame.bytes))
                reader.appetite -= 1
            }
            if reader.appetite == 0 { reply.pauseReceiving() }
        }

        mutating func finished(_ outbound: inout Outbound) {
            reader.hasFinished = true
            outbound.close()
        }

        mutating func closed(_ reason: CloseReason) { reader.end = reason }
    }

    private static func withLoop(
        _ setup: LoopSetup, _ reader: Reader, _ body: (AnyLoop, RawPeer) throws -> Void
    ) throws {
        let loop = try EventLoop.runner(
            setup.configuration {
                $0.format = .lengthPrefixed(.little)
                $0.pooledBufferCount = 4
                $0.pooledBufferSize = 1_024
            }, Mailbox())
        try loop.operations.start()
        defer { loop.operations.finish() }
        let (peer, descriptor) = RawPeer.pair()
        loop.operations.open(
            try Socket.connect(to: .descriptor(descriptor), timeout: .zero), peer: nil,
            handler: HandlerBox(Handler(reader: reader)))
        try body(loop, peer)
    }

    private static func turn(_ loop: AnyLoop, _ count: Int = 20) throws {
        for _ in 0..<count { try loop.turn(0) }
    }

    private static func queue(_ bytes: [UInt8], on connection: ConnectionID, of loop: AnyLoop) throws {
        unsafe try loop.operations.queue(bytes.span.bytes, on: connection)
    }

    private static let frames = (0..<400).map { index in (0..<index % 90).map { UInt8(truncatingIfNeeded: $0 &+ index) } }
    private static let stream = frames.flatMap { StreamMaker(format: .lengthPrefixed(.little)).frame($0) }

    @Test(arguments: LoopSetup.usable)
    func `what a handler does not want stays behind, and comes in order when it is asked for`(_ setup: LoopSetup) throws {
        let reader = Reader(appetite: 3)
        try Self.withLoop(setup, reader) { loop, peer in
            try peer.write(Self.stream)
            peer.finishWriting()
            for count in stride(from: 3, to: Self.frames.count, by: 7) {
                try Self.turn(loop)
                #expect(reader.payloads.count == count && !reader.hasFinished)
                reader.appetite = 7
                loop.operations.resumeReceiving(try #require(reader.connection))
            }
            reader.appetite = .max
            loop.operations.resumeReceiving(try #require(reader.connection))
            try Self.turn(loop)
            let isSame = reader.payloads == Self.frames
            #expect(isSame && reader.hasFinished)
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `the peer feels it, and the loop has nothing to do meanwhile`(_ setup: LoopSetup) throws {
        let reader = Reader(appetite: 1)
        try Self.withLoop(setup, reader) { loop, peer in
            let endless = Array(repeating: Self.stream, count: 100).flatMap { $0 }
            var sent = peer.writeUntilFull(endless)
            try Self.turn(loop)
            sent += peer.writeUntilFull(Array(endless[sent...]))
            try Self.turn(loop)
            #expect(sent < endless.count && peer.writeUntilFull(Array(endless[sent...])) == 0)
            // A turn sleeps until its time is over: one that had something to do would be back earlier.
            let calls = loop.operations.statistics.systemCalls
            try loop.turn(loop.operations.now + 5_000_000)
            #expect(loop.operations.statistics.systemCalls <= calls + 2)
            #expect(reader.payloads.count == 1)
        }
    }

    @Test(arguments: LoopSetup.usable)
    func `it can be asked for from outside, and closing in order goes on`(_ setup: LoopSetup) throws {
        let reader = Reader(appetite: .max)
        try Self.withLoop(setup, reader) { loop, peer in
            let connection = try #require(reader.connection)
            loop.operations.pauseReceiving(connection)
            try Self.turn(loop)
            try peer.write(Self.stream)
            try Self.turn(loop)
            #expect(reader.payloads.isEmpty)
            loop.operations.resumeReceiving(connection)
            try Self.turn(loop)
            #expect(reader.payloads.count == Self.frames.count)
            loop.operations.pauseReceiving(connection)
            try Self.queue([1, 2, 3], on: connection, of: loop)
            loop.operations.close(connection)
            try Self.turn(loop)
            #expect(try peer.readToEnd() == [3, 0, 0, 0, 1, 2, 3])
        }
    }

    /// The reset was told at once, and what the connection still held was forgotten.
    @Test(arguments: LoopSetup.usable)
    func `a reset does not overtake what came before it`(_ setup: LoopSetup) throws {
        let reader = Reader(appetite: 2)
        reader.greeting = [9]
        try Self.withLoop(setup, reader) { loop, peer in
            try Self.turn(loop)
            try peer.write(Self.stream)
            // With the greeting unread this is a reset.
            peer.close()
            try Self.turn(loop)
            #expect(reader.payloads.count == 2 && reader.end == nil)
            reader.appetite = .max
            loop.operations.resumeReceiving(try #require(reader.connection))
            try Self.turn(loop)
            let isSame = reader.payloads == Self.frames
            #expect(isSame)
            #expect(reader.end?.code == .connectionReset)
        }
    }
}
