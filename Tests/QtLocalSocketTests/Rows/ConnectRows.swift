import RingIPC
import Testing

@testable import QtLocalSocket

/// The rows about opening, closing and connecting again.
@Suite struct ConnectRows {
    @Test(arguments: backends)
    func `03 a socket has Qt's defaults but for its limits, and nothing that ends a connection does harm`(_ backend: BackendChoice) throws {
        let socket = LocalSocket(on: try LocalEventLoop(backend: backend))
        let spy = Spy(socket)
        #expect(socket.serverName == "" && socket.fullServerName == "")
        socket.abort()
        #expect(socket.bytesAvailable == 0 && socket.bytesToWrite == 0 && !socket.canReadLine)
        socket.close()
        socket.disconnect()
        #expect(socket.error == .unknown && socket.errorString == "Unknown error")
        #expect(!socket.flush() && !socket.isValid && socket.isSequential && !socket.isOpen)
        #expect(socket.readBufferSize == 64 << 20 && socket.writeBufferSize == 16 << 20)
        socket.readBufferSize = 0
        #expect(socket.readBufferSize == 0)
        #expect(socket.state == .unconnected && socket.socketDescriptor == -1 && socket.options == [])
        #expect(!socket.waitForConnected(within: .zero) && !socket.waitForDisconnected(within: .zero))
        #expect(!socket.waitForReadyRead(within: .zero) && !socket.waitForBytesWritten(within: .zero))
        #expect(
            socket.read(1) == nil && socket.readLine() == nil && socket.skip(1) == nil && socket.peek(1) == [] && socket.readAll() == [])
        #expect(spy.isSilent)
    }

    @Test(arguments: backends)
    func `08 a name that was set is connected to by opening, and closing is announced once`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            let socket = LocalSocket(on: loop)
            let spy = Spy(socket)
            socket.serverName = name
            try socket.open()
            #expect(socket.isOpen && socket.openMode == .readWrite)
            #expect(server.waitForNewConnection(within: safetyNet))
            socket.close()
            socket.close()
            #expect(spy.aboutToClose == 1 && !socket.isOpen)
        }
    }

    @Test(arguments: backends)
    func `16 an absolute path stands for itself, and the names go with the connection`(_ backend: BackendChoice) throws {
        let loop = try LocalEventLoop(backend: backend)
        let server = LocalServer(on: loop)
        let path = "/tmp/\(uniqueName())"
        try server.listen(on: path)
        #expect(server.serverName == path && server.fullServerName == path)
        let socket = LocalSocket(on: loop)
        try socket.connect(to: path)
        #expect(socket.serverName == path && socket.fullServerName == path)
        socket.disconnect()
        #expect(socket.serverName == "" && socket.fullServerName == "")
        server.close()
    }

    @Test(arguments: backends)
    func `28 one client connects three times, and each connection has its own bytes`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            let client = LocalSocket(on: loop)
            let spy = Spy(client)
            for (index, line) in ["a first line", "another one", "and the third"].enumerated() {
                client.abort()
                try client.connect(to: name)
                #expect(client.waitForConnected() && server.waitForNewConnection(within: safetyNet))
                let accepted = try #require(server.nextPendingConnection())
                try accepted.write(line)
                #expect(accepted.flush())
                try loop.run(until: "readyRead") { spy.readyRead == index + 1 }
                #expect(client.readAll() == Array(line.utf8))
            }
            #expect(spy.errors == [])
            client.abort()
        }
    }

    @Test func `33 states and errors have names`() {
        #expect("\(LocalSocketError.Code.connectionRefused) \(LocalSocket.State.unconnected)" == "connectionRefused unconnected")
        let error = LocalSocketError(.connectionRefused, in: LocalSocketError.connecting, systemError: 111, detail: "why")
        #expect("\(error)" == "QLocalSocket::connectToServer: Connection refused (why)")
    }
}
