import RingIPC
import RingIPCTesting
import Testing

/// Time limits, on a clock that a test can turn on.
@Suite struct SlowReaderTests {
    /// Answers of 400 bytes each, to a peer that takes its time.
    private static let question = [UInt8](repeating: 1, count: 400)
    private static let frame: [UInt8] = [0x90, 0x01, 0, 0] + question

    private static func scene(_ backend: BackendChoice) throws -> (SimulatedKernel, SimulatedPeer) {
        let kernel = SimulatedKernel(seed: 1)
        kernel.limits.socketCapacity = 1_000
        var configuration = Configuration()
        configuration.backend = backend
        configuration.format = .lengthPrefixed(.little)
        configuration.maximumFrameLength = 500
        configuration.outboundLimit = 1_008
        configuration.frameTimeout = .seconds(1)
        let loop = try kernel.makeLoop(configuration)
        try loop.listen(on: .path("/run/echo.sock")) { _ in Echo() }
        return (kernel, try kernel.connect(to: .path("/run/echo.sock")))
    }

    /// - Parameter piece: how much arrives at a time: whole frames, or one and a half.
    @Test(arguments: [BackendChoice.epoll, .ioUring], [100, 404, 606])
    func `who does not read is not blamed for a frame that we do not take`(_ backend: BackendChoice, _ piece: Int) throws {
        let (kernel, peer) = try Self.scene(backend)
        var unwritten = Array(repeating: Self.frame, count: 20).flatMap { $0 }[...]
        // Until everything on the way is full, and the server has stopped in the middle of a frame.
        while let count = peer.write(unwritten.prefix(piece)), count > 0 {
            unwritten = unwritten.dropFirst(count)
            while kernel.step(within: .milliseconds(1)) {}
        }
        #expect(!unwritten.isEmpty)
        kernel.pass(.seconds(60))
        while kernel.step(within: .seconds(10)) {}
        var answers: [UInt8] = []
        while answers.count < 20 * Self.frame.count {
            if let count = peer.write(unwritten) { unwritten = unwritten.dropFirst(count) }
            let before = answers.count
            answers += peer.read(700)
            while kernel.step(within: .milliseconds(1)) {}
            try #require(!peer.isAtEnd && (answers.count > before || peer.readableCount > 0), "ended after \(answers.count) bytes")
        }
        #expect(answers == Array(repeating: Self.frame, count: 20).flatMap { $0 })
        peer.close()
        try kernel.finish()
    }

    @Test(arguments: [BackendChoice.epoll, .ioUring])
    func `who reads has to end a frame in time`(_ backend: BackendChoice) throws {
        let (kernel, peer) = try Self.scene(backend)
        #expect(peer.write(Self.frame.prefix(100)) == 100)
        while kernel.step(within: .milliseconds(1)) {}
        #expect(!peer.isAtEnd)
        kernel.pass(.seconds(2))
        while kernel.step(within: .milliseconds(1)) {}
        #expect(peer.isAtEnd)
        peer.close()
        try kernel.finish()
    }
}

private struct Echo: ConnectionHandler {
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() { try reply.send(frame.bytes) }
    }
}
