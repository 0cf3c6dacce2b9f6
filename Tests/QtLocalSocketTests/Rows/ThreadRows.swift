import Foundation
import RingIPC
import Synchronization
import Testing

@testable import QtLocalSocket

/// The rows about several threads and processes.
@Suite struct ThreadRows {
    /// Answers so many clients with a line, by waits alone.
    static func serve(_ count: Int, on backend: BackendChoice, name: String, isListening: DispatchSemaphore) throws {
        let server = LocalServer(on: try LocalEventLoop(backend: backend))
        server.maxPendingConnections = 10
        try server.listen(on: name)
        isListening.signal()
        for _ in 0..<count {
            try #require(server.waitForNewConnection(within: safetyNet))
            let socket = try #require(server.nextPendingConnection())
            try socket.write("test\n")
            #expect(socket.state == .connected)
            #expect(socket.waitForBytesWritten(within: safetyNet))
            #expect(socket.errorString == "Unknown error")
            socket.close()
        }
        server.close()
    }

    /// Reads the line. A server that is not there yet is tried again.
    static func ask(on backend: BackendChoice, name: String) throws {
        let socket = LocalSocket(on: try LocalEventLoop(backend: backend))
        let spy = Spy(socket)
        try connect(socket, to: name)
        #expect(socket.waitForConnected() && spy.readyRead == 0)
        #expect(socket.waitForReadyRead(within: safetyNet) && spy.readyRead == 1)
        #expect(socket.readLine() == Array("test\n".utf8))
        socket.close()
    }

    private static func connect(_ socket: LocalSocket, to name: String) throws {
        let limit = ContinuousClock.now + safetyNet
        while let error = failure({ () throws(LocalSocketError) in try socket.connect(to: name) }) {
            guard [.serverNotFound, .connectionRefused].contains(error.code), ContinuousClock.now < limit else { throw error }
            sched_yield()
        }
    }

    @Test(arguments: backends, [1, 2, 5, 10, 20])
    func `19 a server and its clients run on threads of their own`(_ backend: BackendChoice, _ count: Int) throws {
        let name = uniqueName()
        let isListening = DispatchSemaphore(value: 0)
        let server = Background { try Self.serve(count, on: backend, name: name, isListening: isListening) }
        try #require(isListening.wait(timeout: .now() + .seconds(30)) == .success)
        let clients = (0..<count).map { _ in Background { try Self.ask(on: backend, name: name) } }
        for client in clients { try client.value() }
        try server.value()
        #expect(!exists(name))
    }

    @Test(arguments: backends, [1, 2, 5, 30])
    func `20 a server and its clients are processes of their own`(_ backend: BackendChoice, _ count: Int) async throws {
        let (name, choice) = (uniqueName(), backend.rawValue)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(processExitsWith: .success) { [name = name as String, choice = choice as String, count] in
                    let backend = try #require(BackendChoice(rawValue: choice))
                    try ThreadRows.serve(count, on: backend, name: name, isListening: DispatchSemaphore(value: 0))
                }
            }
            for _ in 0..<count {
                group.addTask {
                    await #expect(processExitsWith: .success) { [name = name as String, choice = choice as String] in
                        try ThreadRows.ask(on: try #require(BackendChoice(rawValue: choice)), name: name)
                    }
                }
            }
        }
        #expect(!exists(name))
    }
}

/// A closure on a thread of its own, and what came of it.
final class Background: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Void) {
        Thread { [self] in
            let outcome = Result(catching: body)
            result.withLock { $0 = outcome }
            ended.signal()
        }.start()
    }

    /// Waits for the thread. Can be called once.
    func value() throws {
        guard ended.wait(timeout: .now() + .seconds(30)) == .success else { throw TookTooLong(what: "the end of a thread") }
        try result.withLock { $0 }!.get()
    }
}
