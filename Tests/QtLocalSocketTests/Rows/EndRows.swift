import RingIPC
import Testing

@testable import QtLocalSocket

/// The rows about how connections end.
@Suite struct EndRows {
    @Test(arguments: backends)
    func `22 the server's end sees the client disconnect`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            pair.client.disconnect()
            #expect(pair.accepted.waitForDisconnected(within: safetyNet))
        }
    }

    @Test(arguments: backends)
    func `23 the client sees the server's end close, which is over at once`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            pair.accepted.close()
            #expect(pair.accepted.state == .unconnected)
            #expect(pair.client.waitForDisconnected(within: safetyNet))
            #expect(spy.events == ["error peerClosed", "closing", "unconnected", "readChannelFinished", "disconnected"])
            #expect(pair.client.errorString == "QLocalSocket: Remote closed")
        }
    }

    @Test(arguments: backends)
    func `24 a wait inside readyRead ends with the stream`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            spy.inReadyRead = { socket in
                #expect(socket.read(1) == [0])
                #expect(!socket.waitForReadyRead(within: safetyNet))
                #expect(socket.error == .peerClosed)
            }
            try pair.accepted.write([0])
            #expect(pair.accepted.waitForBytesWritten(within: safetyNet))
            pair.accepted.close()
            #expect(pair.client.waitForReadyRead(within: safetyNet))
            #expect(spy.readyRead == 1)
        }
    }

    @Test(arguments: backends)
    func `25 disconnecting sends first, and closing drops what was not read`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            try pair.client.write([0])
            pair.client.disconnect()
            #expect(pair.client.state == .closing)
            #expect(pair.client.waitForDisconnected(within: safetyNet))
            #expect(pair.client.state == .unconnected && pair.client.isOpen)

            #expect(pair.accepted.waitForReadyRead(within: safetyNet))
            var hasClosed = false
            pair.accepted.onAboutToClose = { socket in
                hasClosed = true
                #expect(socket.isOpen && socket.bytesAvailable == 1)
            }
            pair.accepted.close()
            #expect(hasClosed)
            #expect(pair.accepted.state == .unconnected && !pair.accepted.isOpen && pair.accepted.bytesAvailable == 0)
        }
    }

    @Test(arguments: backends, [1, 20])
    func `31 what was written before closing arrives, though the server is gone`(_ backend: BackendChoice, _ chunks: Int) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            pair.server.close()
            for _ in 0..<chunks { try pair.accepted.write([UInt8](repeating: 7, count: 100)) }
            pair.accepted.close()
            #expect(pair.accepted.waitForDisconnected(within: safetyNet))
            #expect(pair.client.waitForDisconnected(within: safetyNet))
            #expect(spy.readChannelFinished == 1)
            #expect(pair.client.state == .unconnected)
            #expect(pair.client.readAll() == [UInt8](repeating: 7, count: 100 * chunks))
        }
    }

    @Test(arguments: backends)
    func `32 a write to a peer that is gone is one error`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            pair.accepted.abort()
            #expect(pair.client.state == .connected)
            try pair.client.write([0])
            #expect(pair.client.bytesToWrite == 1)
            #expect(!pair.client.waitForBytesWritten(within: safetyNet))
            #expect(spy.errors == [.peerClosed])
            #expect(pair.client.state == .unconnected && pair.client.bytesToWrite == 0)
        }
    }

    @Test(arguments: backends)
    func `35 a wait for bytes ends with the peer, and nothing can be written afterwards`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            pair.accepted.close()
            #expect(!pair.client.waitForReadyRead(within: safetyNet))
            #expect(spy.disconnected == 1 && spy.readChannelFinished == 1)
            let error = failure { () throws(LocalSocketError) in try pair.client.write([0]) }
            #expect(error?.code == .operation)
            #expect(error?.text == "QLocalSocket: Operation not permitted when socket is in this state")
        }
    }

    @Test(arguments: backends)
    func `36 the loop tells the peer's end once`(_ backend: BackendChoice) throws {
        try withPair(backend) { pair in
            let spy = Spy(pair.client)
            pair.accepted.close()
            try pair.loop.run(until: "disconnected") { spy.disconnected > 0 }
            try pair.loop.processEvents()
            #expect(spy.disconnected == 1 && spy.readChannelFinished == 1)
        }
    }
}
