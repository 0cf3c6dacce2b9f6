import RingIPC
import RingIPCTesting
import Synchronization
import Testing

/// Many who come at once.
@Suite struct ArrivalTests {
    @Test(arguments: [BackendChoice.epoll, .ioUring])
    func `a crowd is let in by and by, and does not keep the others waiting`(_ backend: BackendChoice) throws {
        let kernel = SimulatedKernel(seed: 1)
        var configuration = Configuration()
        configuration.backend = backend
        configuration.format = .lengthPrefixed(.little)
        let opened = Opened()
        let loop = try kernel.makeLoop(configuration)
        try loop.listen(on: .path("/run/echo.sock")) { _ in Counter(opened: opened) }
        let first: SimulatedPeer = try kernel.connect(to: .path("/run/echo.sock"))
        while kernel.step(within: .milliseconds(1)) {}
        let crowd: [SimulatedPeer] = try (0..<400).map { _ in try kernel.connect(to: .path("/run/echo.sock")) }
        _ = first.write([1, 0, 0, 0, 7])
        var turns = 0
        while opened.count < 401, turns < 100 {
            let before = opened.count
            kernel.step()
            turns += 1
            #expect(opened.count - before <= 64)
        }
        #expect(opened.count == 401)
        #expect(first.read(5) == [1, 0, 0, 0, 7])
        for peer in crowd + [first] { peer.close() }
        try kernel.run(steps: 10_000) { kernel.openConnections == 0 }
        try kernel.finish()
    }

    /// Found by a seed: the socket stayed open for as long as anybody kept the loop that was over.
    @Test(arguments: [BackendChoice.epoll, .ioUring])
    func `who is handed to a loop that is over is turned away`(_ backend: BackendChoice) throws {
        let kernel = SimulatedKernel(seed: 1)
        var configuration = Configuration()
        configuration.backend = backend
        let group = try kernel.makeGroup(loops: 2, configuration)
        try group.listen(on: .path("/run/echo.sock")) { _ in Counter(opened: Opened()) }
        group.loops[1].stop()
        while kernel.step(within: .milliseconds(1)) {}
        let peers: [SimulatedPeer] = try (0..<2).map { _ in try kernel.connect(to: .path("/run/echo.sock")) }
        while kernel.step(within: .milliseconds(1)) {}
        #expect(peers.filter(\.isAtEnd).count == 1)
        for peer in peers { peer.close() }
        group.loops[0].stop()
        try kernel.run(steps: 1_000)
        try kernel.finish()
    }

    @Test(arguments: [BackendChoice.epoll, .ioUring])
    func `who was not let in yet when the loop stops is turned away`(_ backend: BackendChoice) throws {
        let kernel = SimulatedKernel(seed: 1)
        var configuration = Configuration()
        configuration.backend = backend
        let loop = try kernel.makeLoop(configuration)
        try loop.listen(on: .path("/run/echo.sock")) { _ in Counter(opened: Opened()) }
        while kernel.step(within: .milliseconds(1)) {}
        let crowd: [SimulatedPeer] = try (0..<200).map { _ in try kernel.connect(to: .path("/run/echo.sock")) }
        kernel.step()
        loop.stop()
        for peer in crowd { peer.finishWriting() }
        try kernel.run(steps: 10_000) { crowd.allSatisfy(\.isAtEnd) }
        for peer in crowd { peer.close() }
        while kernel.step(within: .seconds(10)) {}
        try kernel.finish()
    }
}

private final class Opened: Sendable {
    private let number = Mutex(0)
    var count: Int { number.withLock { $0 } }
    func add() { number.withLock { $0 += 1 } }
}

private struct Counter: ConnectionHandler {
    let opened: Opened

    mutating func opened(_ outbound: inout Outbound) { opened.add() }
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() { try reply.send(frame.bytes) }
    }
}
