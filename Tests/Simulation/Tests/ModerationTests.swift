import RingIPC
import RingIPCTesting
import Testing

/// A moderated loop, where time can be told exactly.
@Suite struct ModerationTests {
    private static let backends: [BackendChoice] = [.epoll, .ioUring]
    private static let interval = Duration.milliseconds(1)

    /// A loop that notes when it got how many messages, and a peer of it.
    private struct Scene {
        let kernel = SimulatedKernel(seed: 1)
        let journal: TimedJournal
        let loop: EventLoop
        let peer: SimulatedPeer

        init(_ backend: BackendChoice, _ wait: WaitStrategy) throws {
            kernel.limits.socketCapacity = 60_000
            var configuration = Configuration()
            configuration.backend = backend
            configuration.format = .lengthPrefixed(.little)
            configuration.wait = wait
            let journal = TimedJournal(kernel)
            self.journal = journal
            loop = try kernel.makeLoop(configuration)
            try loop.listen(on: .path("/run/sink.sock")) { _ in Noting(journal: journal) }
            while kernel.step(within: .zero) {}
            peer = try kernel.connect(to: .path("/run/sink.sock"))
            while kernel.step(within: .milliseconds(10)) {}
        }

        /// So many times.
        func send(_ message: UInt8, repeated count: Int = 1) {
            _ = peer.write(ArraySlice((0..<count).flatMap { _ in [1, 0, 0, 0, message] }))
        }

        /// Whatever happens without time passing.
        func settle() { while kernel.step(within: .zero) {} }

        func finish() throws {
            peer.close()
            loop.stop()
            try kernel.run(steps: 1_000)
            try kernel.finish()
        }
    }

    @Test(arguments: backends)
    func `what arrives in the interval after a message is taken in one go, when it is over`(_ backend: BackendChoice) throws {
        let scene = try Scene(backend, .moderated(interval: Self.interval))
        scene.send(0)
        scene.settle()
        let first = try #require(scene.journal.batches.first)
        #expect(scene.journal.batches.count == 1)
        for message in 1...5 as ClosedRange<UInt8> {
            scene.kernel.pass(.microseconds(100))
            scene.send(message)
            scene.settle()
        }
        #expect(scene.journal.batches.count == 1)
        while scene.kernel.step(within: .milliseconds(10)) {}
        #expect(scene.journal.batches.map(\.messages) == [[0], [1, 2, 3, 4, 5]])
        let pause = scene.journal.batches[1].time - first.time
        #expect(pause >= Self.interval && pause < Self.interval + .microseconds(20))
        try scene.finish()
    }

    @Test(arguments: backends)
    func `much input is followed by no pause`(_ backend: BackendChoice) throws {
        let scene = try Scene(backend, .moderated(interval: Self.interval))
        let start = scene.kernel.elapsed
        scene.send(1, repeated: 4_000)
        scene.settle()
        scene.send(2)
        scene.settle()
        #expect(scene.journal.batches.last?.messages == [2])
        #expect(scene.kernel.elapsed - start < .microseconds(100))
        try scene.finish()
    }

    @Test(arguments: backends)
    func `an idle loop gets a message at once`(_ backend: BackendChoice) throws {
        let scene = try Scene(backend, .moderated(interval: Self.interval))
        for message in 0..<3 as Range<UInt8> {
            scene.kernel.pass(.milliseconds(5))
            while scene.kernel.step(within: .zero) {}
            let sent = scene.kernel.elapsed
            scene.send(message)
            scene.settle()
            #expect(scene.journal.batches.last?.messages == [message])
            #expect(scene.kernel.elapsed - sent < .microseconds(20))
        }
        try scene.finish()
    }

    @Test(arguments: backends)
    func `a timer ends a pause`(_ backend: BackendChoice) throws {
        let scene = try Scene(backend, .moderated(interval: Self.interval))
        let (kernel, journal) = (scene.kernel, scene.journal)
        let due = kernel.elapsed + .microseconds(300)
        scene.loop.post { $0.schedule(after: .microseconds(300)) { _ in journal.timers.append(kernel.elapsed) } }
        scene.settle()
        scene.send(0)
        while kernel.step(within: .milliseconds(10)) {}
        #expect(journal.batches.count == 1)
        let fired = try #require(journal.timers.first)
        #expect(fired >= due && fired < due + .microseconds(20))
        try scene.finish()
    }

    @Test(arguments: backends)
    func `an answer leaves before the pause`(_ backend: BackendChoice) throws {
        let scene = try Scene(backend, .moderated(interval: Self.interval))
        let sent = scene.kernel.elapsed
        scene.send(9)
        scene.settle()
        #expect(scene.peer.read(5) == [1, 0, 0, 0, 9])
        #expect(scene.kernel.elapsed - sent < .microseconds(20))
        try scene.finish()
    }

    @Test(arguments: backends)
    func `a stream wakes a moderated loop once for many messages`(_ backend: BackendChoice) throws {
        func wakeups(_ wait: WaitStrategy) throws -> UInt64 {
            let scene = try Scene(backend, wait)
            for message in 0..<200 as Range<UInt8> {
                scene.kernel.pass(.microseconds(50))
                scene.send(message)
                scene.settle()
            }
            while scene.kernel.step(within: .milliseconds(10)) {}
            #expect(scene.journal.batches.flatMap(\.messages) == Array(0..<200))
            let journal = scene.journal
            scene.loop.post { journal.statistics = $0.statistics }
            scene.settle()
            try scene.finish()
            return journal.statistics.wakeups
        }
        let (each, few) = (try wakeups(.block), try wakeups(.moderated(interval: Self.interval)))
        #expect(each >= 200)
        #expect(few <= 20)
    }
}

/// Sendable only because handlers are: it belongs to the thread of its kernel.
private final class TimedJournal: @unchecked Sendable {
    let kernel: SimulatedKernel
    var batches: [(time: Duration, messages: [UInt8])] = []
    var timers: [Duration] = []
    var statistics = Statistics()

    init(_ kernel: SimulatedKernel) { self.kernel = kernel }
}

private struct Noting: ConnectionHandler {
    let journal: TimedJournal

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        var messages: [UInt8] = []
        while let frame = try frames.next() {
            messages.append(unsafe frame.bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self))
            try reply.send(frame.bytes)
        }
        journal.batches.append((journal.kernel.elapsed, messages))
    }
}
