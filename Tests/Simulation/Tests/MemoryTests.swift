import RingIPC
import RingIPCTesting
import Synchronization
import Testing

/// Memory for long frames, when there is too little for two.
@Suite struct MemoryTests {
    /// Found by a seed: the ending connection kept its half frame, and the other one waited for ever.
    @Test(arguments: [BackendChoice.epoll, .ioUring])
    func `a connection that is ending makes room for another's frame`(_ backend: BackendChoice) throws {
        let kernel = SimulatedKernel(seed: 1)
        kernel.limits.socketCapacity = 1_000
        var configuration = Configuration()
        configuration.backend = backend
        configuration.format = .lengthPrefixed(.little)
        configuration.maximumFrameLength = 20_000
        configuration.pooledBufferSize = 1_024
        configuration.spanningBudget = 20_004 + 4_096
        let log = Log()
        let loop = try kernel.makeLoop(configuration)
        try loop.listen(on: .path("/run/server.sock")) { _ in Receiver(log: log) }
        let frame: [UInt8] = [0x20, 0x4E, 0, 0] + [UInt8](repeating: 9, count: 20_000)
        let ending: SimulatedPeer = try kernel.connect(to: .path("/run/server.sock"))
        write(frame.prefix(15_000), to: ending, kernel)
        let waiting: SimulatedPeer = try kernel.connect(to: .path("/run/server.sock"))
        let written = write(frame[...], to: waiting, kernel)
        #expect(written < 20_004, "both frames found memory at once")
        // More than the socket takes, to a peer that does not read: the end takes its time.
        let connection = try #require(log.first)
        loop.post { loop in
            let answer = [UInt8](repeating: 1, count: 5_000)
            unsafe answer.withUnsafeBytes { bytes in _ = unsafe try? loop.send(to: connection, bytes.bytes) }
            loop.close(connection)
        }
        settle(kernel)
        write(frame.dropFirst(written), to: waiting, kernel)
        #expect(log.frameCount == 1)
        #expect(kernel.openConnections == 2)
        ending.close()
        waiting.close()
        settle(kernel)
        try kernel.finish()
    }

    private func settle(_ kernel: SimulatedKernel) {
        while kernel.step(within: .milliseconds(1)) {}
    }

    /// Writes as long as the server takes it. Returns how much that was.
    @discardableResult
    private func write(_ bytes: ArraySlice<UInt8>, to peer: SimulatedPeer, _ kernel: SimulatedKernel) -> Int {
        var rest = bytes
        while let count = peer.write(rest), count > 0 {
            rest = rest.dropFirst(count)
            settle(kernel)
        }
        return bytes.count - rest.count
    }
}

private final class Log: Sendable {
    private let state = Mutex<(first: ConnectionID?, frames: Int)>((nil, 0))
    var first: ConnectionID? { state.withLock { $0.first } }
    var frameCount: Int { state.withLock { $0.frames } }
    func opened(_ connection: ConnectionID) { state.withLock { $0.first = $0.first ?? connection } }
    func received() { state.withLock { $0.frames += 1 } }
}

private struct Receiver: ConnectionHandler {
    let log: Log

    mutating func opened(_ outbound: inout Outbound) { log.opened(outbound.connection) }
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while try frames.next() != nil { log.received() }
    }
}
