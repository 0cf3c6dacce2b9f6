import Foundation
import Synchronization
import Testing

@testable import RingIPC

/// Longer than anything here takes: waits end there, so that a hang becomes a failed test.
let safetyNet = Duration.seconds(30)

struct TookTooLong: Error, CustomStringConvertible {
    let what: String
    var description: String { "\(what) did not happen within \(safetyNet)" }
}

extension DispatchSemaphore {
    func wait(for what: String) throws {
        if wait(timeout: .now() + .seconds(30)) == .timedOut { throw TookTooLong(what: what) }
    }
}

/// A closure on a thread of its own, and what came of it.
final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Value) {
        Thread { [self] in
            let outcome = Result(catching: body)
            result.withLock { $0 = outcome }
            ended.signal()
        }.start()
    }

    /// Waits for the thread. Can be called once.
    func value() throws -> Value {
        try ended.wait(for: "the end of a thread")
        return try result.withLock { $0 }!.get()
    }
}

/// A loop on a thread of its own.
final class RunningLoop: Sendable {
    let loop: EventLoop
    private let thread: Background<Void>

    init(_ loop: EventLoop) {
        self.loop = loop
        thread = Background { try loop.run() }
    }

    convenience init(_ setup: LoopSetup, _ change: (inout Configuration) -> Void = { _ in }) throws {
        self.init(try EventLoop(configuration: setup.configuration(change)))
    }

    /// Stops the loop and waits for its thread. Throws what `run` threw.
    func stop() throws {
        loop.stop()
        try thread.value()
    }

    /// Waits for the end of a loop that somebody else stops.
    func join() throws { try thread.value() }

    /// What `job` returns, on the loop's thread.
    func ask<Answer: Sendable>(_ job: @escaping @Sendable (inout LoopContext) -> Answer) throws -> Answer {
        let answer = Slot<Answer>()
        loop.post { answer.fill(job(&$0)) }
        return try answer.value("a job's turn")
    }

    func statistics() throws -> Statistics { try ask { $0.statistics } }
    func connectionCount() throws -> Int { try ask { $0.connectionCount } }

    /// Waits until the loop itself says so. It is asked once per turn, so no time is slept.
    func until(_ what: String, _ isSo: @escaping @Sendable (inout LoopContext) -> Bool) throws {
        let limit = ContinuousClock.now + safetyNet
        while try !ask(isSo) {
            if ContinuousClock.now > limit { throw TookTooLong(what: what) }
            sched_yield()
        }
    }
}

/// A value that another thread provides.
final class Slot<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)
    private let filled = DispatchSemaphore(value: 0)

    func fill(_ value: Value) {
        content.withLock { $0 = value }
        filled.signal()
    }

    func value(_ what: String) throws -> Value {
        try filled.wait(for: what)
        filled.signal()
        return content.withLock { $0 }!
    }
}

/// Runs `body` beside a loop that listens, and stops it afterwards, whatever happened. What the loop itself threw is a failure.
func withServer<Handler: ConnectionHandler, R>(
    _ setup: LoopSetup, _ change: (inout Configuration) -> Void = { _ in },
    handler: @escaping @Sendable (PeerCredentials?) -> Handler,
    _ body: (RunningLoop, Endpoint) throws -> R
) throws -> R {
    let endpoint = Endpoint.abstract(uniqueAbstractName())
    let loop = try EventLoop(configuration: setup.configuration(change))
    try loop.listen(on: endpoint, handler: handler)
    let running = RunningLoop(loop)
    let result = Result { try body(running, endpoint) }
    try running.stop()
    return try result.get()
}

/// A server of one blocking connection, on a thread of its own.
func blockingServer<R: Sendable>(
    _ configuration: Configuration, on endpoint: Endpoint,
    _ body: @escaping @Sendable (consuming Connection) throws -> R
) throws -> Background<R> {
    let isListening = DispatchSemaphore(value: 0)
    let server = Background {
        var listener = try Listener(endpoint, configuration: configuration)
        isListening.signal()
        return try body(try listener.accept(within: safetyNet))
    }
    try isListening.wait(for: "a listening server")
    return server
}

extension RawPeer {
    /// Writes until the socket stays full over several turns of the loop. Returns how much was taken.
    func writeUntilRefused(_ stream: [UInt8], by server: RunningLoop) -> Int {
        var sent = 0
        var idleTurns = 0
        while sent < stream.count, idleTurns < 50 {
            let count = writeUntilFull(Array(stream[sent...].prefix(64 << 10)))
            sent += count
            idleTurns = count == 0 ? idleTurns + 1 : 0
            _ = try? server.statistics()
        }
        return sent
    }
}
