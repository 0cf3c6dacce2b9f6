import RingIPC
import Testing

@testable import QtLocalSocket

/// What callbacks may do, and who is told what meanwhile.
@Suite struct NestingTests {
    @Test(arguments: backends)
    func `a wait inside a callback tells its own socket, the others afterwards`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in try Self.nest(pair) }
    }

    private static func nest(_ pair: Pair) throws {
        let second = LocalSocket(on: pair.loop)
        try second.connect(to: pair.server.serverName)
        #expect(pair.server.waitForNewConnection(within: safetyNet))
        let secondAccepted = try #require(pair.server.nextPendingConnection())
        var events: [String] = []
        second.onReadyRead = { socket in events.append("second: \(socket.readAll())") }
        pair.client.onReadyRead = { socket in
            events.append("first: \(socket.readAll())")
            guard events.count == 1 else { return }
            // The answer to this comes during the wait, and so do the bytes for the other one.
            #expect(throws: Never.self) {
                try secondAccepted.write([9])
                #expect(secondAccepted.flush())
                try pair.accepted.write([2])
                #expect(pair.accepted.flush())
            }
            #expect(socket.waitForReadyRead(within: safetyNet))
            events.append("waited: \(socket.readAll())")
        }
        try pair.accepted.write([1])
        try pair.loop.run(until: "all of it") { events.count == 3 }
        for _ in 0..<10 { try pair.loop.processEvents() }
        #expect(events == ["first: [1]", "waited: [2]", "second: [9]"])
        second.abort()
    }

    @Test(arguments: backends)
    func `bytes that come during another wait inside readyRead are told after it`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            var received: [[UInt8]] = []
            spy.inReadyRead = { socket in
                received.append(socket.readAll())
                guard received.count == 1 else { return }
                #expect(throws: Never.self) {
                    try pair.accepted.write([2])
                    try socket.write([0])
                }
                #expect(socket.waitForBytesWritten(within: safetyNet))
            }
            try pair.accepted.write([1])
            try pair.loop.run(until: "both") { received.count == 2 }
            #expect(received == [[1], [2]] && spy.readyRead == 2)
        }
    }

    @Test(arguments: backends)
    func `a callback can end its socket in every way`(_ backend: BackendChoice) throws {
        for end in [LocalSocket.abort, LocalSocket.close, LocalSocket.disconnect] {
            try withPair(backend) { pair in
                let spy = Spy(pair.client)
                spy.inReadyRead = { socket in end(socket)() }
                try pair.accepted.write([1])
                #expect(pair.accepted.waitForBytesWritten(within: safetyNet))
                try pair.loop.run(until: "the end") { spy.disconnected == 1 && pair.accepted.state == .unconnected }
                try pair.loop.processEvents()
                #expect(spy.readyRead == 1 && spy.disconnected == 1 && spy.errors == [])
            }
        }
    }

    @Test(arguments: backends)
    func `a callback can connect anew`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            var rounds = 0
            server.onNewConnection = { $0.nextPendingConnection()?.close() }
            let client = LocalSocket(on: loop)
            client.onDisconnected = { socket in
                rounds += 1
                if rounds < 20 { #expect(throws: Never.self) { try socket.connect(to: name) } }
            }
            try client.connect(to: name)
            try loop.run(until: "twenty rounds") { rounds == 20 }
            #expect(client.state == .unconnected)
        }
    }

    @Test(arguments: backends)
    func `a callback can run the loop, and quitting ends the inner run alone`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            var steps: [String] = []
            pair.client.onReadyRead = { socket in
                steps.append("outer")
                _ = socket.readAll()
                #expect(throws: Never.self) {
                    try pair.client.write([2])
                    try pair.loop.run()
                }
                steps.append("back")
                pair.loop.quit()
            }
            pair.accepted.onReadyRead = { socket in
                _ = socket.readAll()
                steps.append("inner")
                pair.loop.quit()
            }
            try pair.accepted.write([1])
            try pair.loop.run()
            #expect(steps == ["outer", "inner", "back"])
        }
    }
}

/// Connections that follow one another on one socket.
@Suite struct SuccessionTests {
    @Test(arguments: backends)
    func `what a peeked socket gets is told all the same`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            try pair.accepted.write("hello")
            #expect(pair.accepted.waitForBytesWritten(within: safetyNet))
            while pair.client.bytesAvailable == 0 { pair.loop.turn(until: 0) }
            #expect(pair.client.peek(1) == Array("h".utf8) && pair.client.read(1) == Array("h".utf8))
            try pair.loop.processEvents()
            #expect(spy.readyRead == 1 && pair.client.readAll() == Array("ello".utf8))
        }
    }

    @Test(arguments: backends)
    func `a connection that a callback of the last one begins is whole`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            server.onNewConnection = { server in
                #expect(throws: Never.self) { try server.nextPendingConnection()?.write("welcome") }
            }
            let client = LocalSocket(on: loop)
            var received: [UInt8] = []
            client.onDisconnected = { socket in #expect(throws: Never.self) { try socket.connect(to: name) } }
            client.onReadyRead = { socket in
                received = socket.readAll()
                guard socket.onDisconnected != nil else { return }
                socket.abort()
                // The new connection brings its bytes while the callback for the old one has not returned.
                #expect(socket.state == .connected && socket.isOpen)
                socket.onDisconnected = nil
                received = []
                for _ in 0..<20 { #expect(throws: Never.self) { try loop.processEvents() } }
            }
            try client.connect(to: name)
            try loop.run(until: "the second welcome") { client.onDisconnected == nil && !received.isEmpty }
            #expect(received == Array("welcome".utf8) && client.state == .connected)
            client.abort()
            #expect(client.state == .unconnected && !client.isOpen)
        }
    }

    @Test(arguments: backends)
    func `a failed attempt leaves nothing open`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            pair.client.disconnect()
            #expect(pair.client.isOpen)
            #expect(failure { () throws(LocalSocketError) in try pair.client.connect(to: uniqueName()) } != nil)
            #expect(!pair.client.isOpen && pair.client.openMode == [])
        }
    }
}
