import Glibc
import RingIPC
import Testing

@testable import QtLocalSocket

/// Where Qt's sockets are a trap: what is safe is the default, what Qt does is an option.
@Suite struct SocketTraps {
    private static let megabyte = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }

    // MARK: Bytes that came during another wait

    @Test(arguments: backends)
    func `bytes that came during another wait are waited for no more`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            try Self.receiveDuringAnotherWait(pair)
            #expect(pair.client.waitForReadyRead(within: safetyNet))
            // They are reported once: a loop around the wait does not spin.
            #expect(!pair.client.waitForReadyRead(within: .zero))
            #expect(pair.client.error == .socketTimeout && pair.client.state == .connected)
            #expect(pair.client.errorString == "QLocalSocket: Socket operation timed out")
        }
    }

    @Test(arguments: backends)
    func `bytes that were read are not waited for again`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            try Self.receiveDuringAnotherWait(pair)
            #expect(pair.client.read(1) == [1])
            #expect(!pair.client.waitForReadyRead(within: .zero))
            #expect(pair.client.readAll() == [2])
        }
    }

    @Test(arguments: backends)
    func `as in Qt, bytes that came during another wait do not end the next one`(_ backend: BackendChoice) throws {
        try withPair(backend, compatibility: .waitForReadyReadIgnoresUnseenData) { pair in
            try Self.receiveDuringAnotherWait(pair)
            #expect(!pair.client.waitForReadyRead(within: .zero))
            #expect(pair.client.readAll() == [1, 2])
        }
    }

    private static func receiveDuringAnotherWait(_ pair: Pair) throws {
        try pair.accepted.write([1, 2])
        #expect(pair.accepted.flush())
        try pair.client.write([0])
        while pair.client.bytesAvailable == 0 || pair.client.bytesToWrite > 0 { try pair.loop.processEvents(within: .milliseconds(1)) }
        #expect(pair.client.bytesAvailable == 2)
    }

    // MARK: What waiting for sending means

    @Test(arguments: backends)
    func `a wait for sending ends when everything is sent`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            try pair.client.write(Self.megabyte)
            #expect(pair.client.waitForBytesWritten(within: safetyNet))
            #expect(pair.client.bytesToWrite == 0)
        }
    }

    @Test(arguments: backends)
    func `as in Qt, a wait for sending ends with the first bytes`(_ backend: BackendChoice) throws {
        try withPair(backend, compatibility: .waitForBytesWrittenReturnsEarly) { pair in
            pair.accepted.readBufferSize = 10_000
            try pair.client.write(Self.megabyte)
            #expect(pair.client.waitForBytesWritten(within: safetyNet))
            let unsent = pair.client.bytesToWrite
            #expect(unsent > 0 && unsent < Self.megabyte.count)
        }
    }

    // MARK: A peer that ends its direction and reads on

    /// Sends a request, ends its direction, and reads the answer to the end.
    private static func answer(_ backend: BackendChoice, _ compatibility: LocalSocket.Compatibility) throws -> [UInt8] {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        let (raw, descriptor) = (ends[1], ends[0])
        defer { _ = close(raw) }
        let loop = try LocalEventLoop(backend: backend)
        let socket = LocalSocket(on: loop, compatibility: compatibility)
        try socket.adopt(descriptor: descriptor)
        let spy = Spy(socket)
        spy.inReadyRead = { socket in
            #expect(socket.readAll() == [UInt8(ascii: "?")])
            #expect(throws: Never.self) { try socket.write(megabyte) }
        }
        try #require(unsafe send(raw, "?", 1, 0) == 1 && shutdown(raw, Int32(SHUT_WR)) == 0)
        var answer: [UInt8] = []
        var isAtEnd = false
        while !isAtEnd {
            try loop.processEvents()
            var buffer = [UInt8](repeating: 0, count: 100_000)
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(raw, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
            if count > 0 { answer += buffer.prefix(count) }
            isAtEnd = count == 0
        }
        try loop.run(until: "disconnected") { spy.disconnected > 0 }
        #expect(spy.errors == [.peerClosed])
        return answer
    }

    @Test(arguments: backends)
    func `an answer reaches a peer that has ended its direction`(_ backend: BackendChoice) throws {
        let isWhole = try Self.answer(backend, []) == Self.megabyte
        #expect(isWhole)
    }

    @Test(arguments: backends)
    func `as in Qt, an answer to a peer that has ended its direction is dropped`(_ backend: BackendChoice) throws {
        #expect(try Self.answer(backend, .peerCloseDropsOutput).count < Self.megabyte.count)
    }

    // MARK: Limits

    @Test(arguments: backends)
    func `a reader that does not read holds the writer up`(_ backend: BackendChoice) throws {
        try withPair(backend, prepare: { $0.readBufferSize = 1_000 }) { pair in
            try pair.accepted.write(Self.megabyte)
            #expect(!pair.accepted.waitForBytesWritten(within: .milliseconds(20)))
            #expect(pair.client.bytesAvailable == 1_000 && pair.accepted.bytesToWrite > 0)
            // Nothing can come, so that nothing is waited for.
            #expect(pair.client.waitForReadyRead(within: safetyNet))
            #expect(!pair.client.waitForReadyRead(within: nil) && !pair.client.waitForDisconnected(within: nil))
            pair.client.readBufferSize = 0
            var received: [UInt8] = []
            while received.count < Self.megabyte.count {
                if pair.client.bytesAvailable == 0 { #expect(pair.client.waitForReadyRead(within: safetyNet)) }
                received += pair.client.readAll()
            }
            let isSame = received == Self.megabyte
            #expect(isSame)
        }
    }

    @Test(arguments: backends)
    func `without a limit everything arrives unread`(_ backend: BackendChoice) throws {
        try withPair(backend, prepare: { $0.readBufferSize = 0 }) { pair in
            try pair.accepted.write(Self.megabyte)
            #expect(pair.accepted.waitForBytesWritten(within: safetyNet))
            try pair.loop.run(until: "the arrival of everything") { pair.client.bytesAvailable == Self.megabyte.count }
        }
    }

    @Test(arguments: backends)
    func `writing is refused while too much is unsent, and nothing of it is queued`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            pair.client.writeBufferSize = 1_000
            try pair.client.write([UInt8](repeating: 1, count: 2_000))
            let error = failure { () throws(LocalSocketError) in try pair.client.write([2]) }
            #expect(error?.code == .socketResource && pair.client.bytesToWrite == 2_000)
            pair.client.writeBufferSize = 0
            try pair.client.write([3])
            #expect(pair.client.waitForBytesWritten(within: safetyNet))
            while pair.accepted.bytesAvailable < 2_001 { #expect(pair.accepted.waitForReadyRead(within: safetyNet)) }
            #expect(pair.accepted.readAll() == [UInt8](repeating: 1, count: 2_000) + [3])
        }
    }

    // MARK: Callbacks

    @Test(arguments: backends)
    func `a callback that is set late hears of what has come`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            try pair.client.write("early")
            #expect(pair.client.waitForBytesWritten(within: safetyNet))
            try pair.loop.processEvents()
            var heard: [UInt8] = []
            pair.accepted.onReadyRead = { heard += $0.readAll() }
            try pair.loop.run(until: "readyRead") { !heard.isEmpty }
            #expect(heard == Array("early".utf8))
        }
    }

    @Test(arguments: backends)
    func `connecting twice is an error that says so`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            let error = failure { () throws(LocalSocketError) in try pair.client.connect(to: uniqueName()) }
            #expect(error?.code == .operation && spy.events == ["error operation"] && pair.client.state == .connected)
            #expect(pair.client.serverName == pair.server.serverName)
        }
    }

    @Test(arguments: backends)
    func `a full listen queue is waited for, and told when it is over`(_ backend: BackendChoice) throws {
        let loop = try LocalEventLoop(backend: backend)
        let server = LocalServer(on: loop)
        server.listenBacklog = 0
        server.maxPendingConnections = 0
        let name = uniqueName()
        try server.listen(on: name)
        let first = LocalSocket(on: loop)
        try first.connect(to: name)
        let second = LocalSocket(on: loop)
        let spy = Spy(second)
        try second.connect(to: name)
        #expect(second.state == .connecting && spy.states == [.connecting])
        #expect(!second.waitForConnected(within: .milliseconds(5)))
        #expect(second.error == .socketTimeout && second.state == .connecting)
        #expect(server.waitForNewConnection(within: safetyNet))
        #expect(second.waitForConnected(within: safetyNet))
        #expect(spy.connected == 1 && spy.states == [.connecting, .connected])
        for socket in [first, second] { socket.abort() }
        server.close()
    }
}
