import Glibc
import RingIPC
import Synchronization
import Testing

@testable import QtLocalSocket

/// The backends of this machine; `SetupTests` of RingIPC show what is missing.
let backends = Backends.survey().filter(\.isAvailable).map(\.backend)

/// Longer than anything here takes: waits end there, so that a hang becomes a failed test.
let safetyNet = Duration.seconds(30)

/// A bare name, as Qt programs use them, that no other test and no other run has.
func uniqueName() -> String { "ringipc-qt-\(getpid())-\(nameCount.add(1, ordering: .relaxed).newValue)" }
private let nameCount = Atomic<Int>(0)

/// Whether something stands under a bare name.
func exists(_ name: String) -> Bool { unsafe access(LocalName.path(for: name), F_OK) == 0 }

extension LocalEventLoop {
    /// Runs until something has come to pass.
    func run(until what: String, _ isSo: () -> Bool) throws {
        let limit = ContinuousClock.now + safetyNet
        while !isSo() {
            try processEvents(within: .milliseconds(50))
            if ContinuousClock.now > limit { throw TookTooLong(what: what) }
        }
    }
}

struct TookTooLong: Error, CustomStringConvertible {
    let what: String
    var description: String { "\(what) did not happen within \(safetyNet)" }
}

/// A server and a client of one loop, connected.
struct Pair {
    let loop: LocalEventLoop
    let server: LocalServer
    let client: LocalSocket
    /// The server's end.
    let accepted: LocalSocket

    init(
        _ backend: BackendChoice, compatibility: LocalSocket.Compatibility = [], mode: OpenMode = .readWrite,
        prepare: (LocalSocket) -> Void = { _ in }
    ) throws {
        loop = try LocalEventLoop(backend: backend)
        server = LocalServer(on: loop, socketCompatibility: compatibility)
        let name = uniqueName()
        try server.listen(on: name)
        client = LocalSocket(on: loop, compatibility: compatibility)
        prepare(client)
        try client.connect(to: name, mode: mode)
        try #require(server.waitForNewConnection(within: safetyNet))
        accepted = try #require(server.nextPendingConnection())
    }
}

/// Both ends in the hands of one test. Closed at its end, whatever happened.
func withPair(
    _ backend: BackendChoice, compatibility: LocalSocket.Compatibility = [], mode: OpenMode = .readWrite,
    prepare: (LocalSocket) -> Void = { _ in }, _ body: (Pair) throws -> Void
) throws {
    let pair = try Pair(backend, compatibility: compatibility, mode: mode, prepare: prepare)
    defer {
        pair.client.abort()
        pair.accepted.abort()
        pair.server.close()
    }
    try body(pair)
}

/// A listening server under a name of its own.
func withServer(
    _ backend: BackendChoice, options: LocalServer.Options = [], compatibility: LocalServer.Compatibility = [],
    _ body: (LocalEventLoop, LocalServer, String) throws -> Void
) throws {
    let loop = try LocalEventLoop(backend: backend)
    let server = LocalServer(on: loop, compatibility: compatibility)
    server.options = options
    let name = uniqueName()
    try server.listen(on: name)
    defer { server.close() }
    try body(loop, server, name)
}
