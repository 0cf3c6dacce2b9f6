import Glibc
import RingIPC
import Testing

@testable import QtLocalSocket

/// The rows about servers and names. Numbers are those of Qt's own tests, as in the documentation's table.
@Suite struct ServerRows {
    @Test(arguments: backends)
    func `01 a server has Qt's defaults, and is silent before it listens`(_ backend: BackendChoice) throws {
        let server = LocalServer(on: try LocalEventLoop(backend: backend))
        var newConnections = 0
        server.onNewConnection = { _ in newConnections += 1 }
        #expect(server.serverName == "" && server.fullServerName == "")
        #expect(!server.isListening && server.socketDescriptor == -1)
        #expect(server.maxPendingConnections == 30 && server.listenBacklog == 50)
        #expect(server.error == .unknown && server.errorString == "")
        #expect(server.options == [])
        #expect(!server.hasPendingConnections && server.nextPendingConnection() == nil)
        server.close()
        var timedOut = true
        #expect(!server.waitForNewConnection(within: .seconds(3), timedOut: &timedOut))
        #expect(!timedOut)
        #expect(failure(listening: { () throws(LocalServerError) in try server.listen(on: "") })?.code == .hostNotFound)
        #expect(newConnections == 0)
    }

    @Test func `02 the limit of pending connections reads back`() throws {
        let server = LocalServer(on: try LocalEventLoop(backend: .epoll))
        server.maxPendingConnections = 10
        #expect(server.maxPendingConnections == 10)
    }

    @Test(arguments: backends)
    func `04 listening under no name fails, under a name it works once`(_ backend: BackendChoice) throws {
        let server = LocalServer(on: try LocalEventLoop(backend: backend))
        let error = failure(listening: { () throws(LocalServerError) in try server.listen(on: "") })
        #expect(error?.code == .hostNotFound && error?.text == "QLocalServer::listen: Name error")
        #expect(server.error == .hostNotFound && server.errorString == "QLocalServer::listen: Name error")
        #expect(server.serverName == "" && !server.isListening && server.socketDescriptor == -1)
        var timedOut = true
        #expect(!server.waitForNewConnection(within: .milliseconds(10), timedOut: &timedOut))
        #expect(!timedOut)

        server.close()
        #expect(server.error == .unknown && server.errorString == "")
        let name = uniqueName()
        try server.listen(on: name)
        #expect(server.serverName == name && server.fullServerName == LocalName.path(for: name))
        #expect(server.isListening && server.socketDescriptor >= 0)
        #expect(server.error == .unknown && server.errorString == "")
        let second = failure(listening: { () throws(LocalServerError) in try server.listen(on: name) })
        #expect(second?.text == "QLocalServer::listen() called when already listening")
        #expect(server.error == .unknown && server.serverName == name)
        #expect(!server.waitForNewConnection(within: .milliseconds(10), timedOut: &timedOut))
        #expect(timedOut)
        #expect(exists(name))
        server.close()
        #expect(!exists(name) && !server.isListening && server.serverName == "" && server.fullServerName == "")
    }

    @Test(arguments: backends, [0, 1, 5])
    func `05 each client gets a connection and two states, the server one call for each`(_ backend: BackendChoice, _ count: Int) throws {
        try withServer(backend) { loop, server, name in
            var newConnections = 0
            server.onNewConnection = { _ in newConnections += 1 }
            for index in 0..<count {
                let socket = LocalSocket(on: loop)
                let spy = Spy(socket)
                try socket.connect(to: name)
                #expect(socket.serverName == name && socket.fullServerName == server.fullServerName)
                #expect(socket.waitForConnected() && socket.isValid && socket.state == .connected)
                #expect(socket.errorString == "Unknown error" && socket.error == .unknown)
                #expect(socket.bytesAvailable == 0 && socket.bytesToWrite == 0 && !socket.canReadLine && !socket.flush())
                #expect(spy.states == [.connecting, .connected] && spy.connected == 1 && spy.disconnected == 0 && spy.errors == [])
                var timedOut = true
                #expect(server.waitForNewConnection(within: safetyNet, timedOut: &timedOut) && !timedOut)
                #expect(server.hasPendingConnections)
                #expect(server.nextPendingConnection() != nil)
                #expect(newConnections == index + 1)
                socket.abort()
            }
            #expect(newConnections == count && server.error == .unknown)
        }
    }

    @Test(arguments: backends)
    func `05 without a name there is no connection, and an error`(_ backend: BackendChoice) throws {
        let socket = LocalSocket(on: try LocalEventLoop(backend: backend))
        let spy = Spy(socket)
        let error = failure { () throws(LocalSocketError) in try socket.connect(to: "") }
        #expect(error?.code == .serverNotFound && error?.text == "QLocalSocket::connectToServer: Invalid name")
        #expect(socket.state == .unconnected && !socket.isValid && !socket.waitForConnected(within: .zero))
        #expect(!socket.waitForReadyRead(within: .zero))
        #expect(spy.events == ["connecting", "error serverNotFound", "unconnected"])
    }

    @Test(arguments: backends)
    func `06 both sides must mean the same kind of name`(_ backend: BackendChoice) throws {
        for (isServerAbstract, isClientAbstract) in [(true, true), (false, false), (false, true), (true, false)] {
            try withServer(backend, options: isServerAbstract ? .abstractNamespace : .userAccess) { loop, server, name in
                let socket = LocalSocket(on: loop)
                socket.options = isClientAbstract ? .abstractNamespace : []
                socket.serverName = name
                let agree = isServerAbstract == isClientAbstract
                #expect((failure { () throws(LocalSocketError) in try socket.open() } == nil) == agree)
                var timedOut = false
                #expect(server.waitForNewConnection(within: agree ? safetyNet : .milliseconds(10), timedOut: &timedOut) == agree)
                #expect(timedOut != agree)
                #expect(exists(name) != isServerAbstract)
                socket.close()
            }
        }
    }

    @Test(arguments: backends)
    func `07 a trailing zero is part of an abstract name`(_ backend: BackendChoice) throws {
        for (serverSuffix, clientSuffix) in [("\0", "\0"), ("", "\0"), ("\0", ""), ("", "")] {
            let loop = try LocalEventLoop(backend: backend)
            let server = LocalServer(on: loop)
            server.options = .abstractNamespace
            let name = uniqueName()
            try server.listen(on: name + serverSuffix)
            #expect(server.fullServerName == name + serverSuffix)
            let socket = LocalSocket(on: loop)
            socket.options = .abstractNamespace
            socket.serverName = name + clientSuffix
            let isSame = serverSuffix == clientSuffix
            #expect((failure { () throws(LocalSocketError) in try socket.open() } == nil) == isSame)
            #expect(socket.fullServerName == (isSame ? name + clientSuffix : ""))
            #expect(server.waitForNewConnection(within: isSame ? safetyNet : .milliseconds(10)) == isSame)
            socket.close()
            server.close()
        }
    }

    @Test(arguments: backends, [0, 1, 3])
    func `17 one more client than the limit can connect, and one is always accepted`(_ backend: BackendChoice, _ limit: Int) throws {
        let loop = try LocalEventLoop(backend: backend)
        let server = LocalServer(on: loop)
        server.maxPendingConnections = limit
        let name = uniqueName()
        try server.listen(on: name)
        let sockets = (0...limit).map { _ in LocalSocket(on: loop) }
        for socket in sockets { try socket.connect(to: name) }
        var timedOut = true
        #expect(server.waitForNewConnection(within: safetyNet, timedOut: &timedOut) && !timedOut)
        #expect(server.hasPendingConnections)
        #expect(sockets.allSatisfy { $0.state == .connected })
        for socket in sockets { socket.abort() }
        server.close()
    }

    @Test(arguments: backends)
    func `21 a name that is too long is refused on both sides, with the limit`(_ backend: BackendChoice) throws {
        let loop = try LocalEventLoop(backend: backend)
        let name = String(repeating: "a", count: 256)
        let server = LocalServer(on: loop)
        let error = failure(listening: { () throws(LocalServerError) in try server.listen(on: name) })
        #expect(error?.code == .hostNotFound && error?.detail.contains("the limit is 107") == true)
        let socket = LocalSocket(on: loop)
        let refusal = failure { () throws(LocalSocketError) in try socket.connect(to: name) }
        #expect(refusal?.code == .serverNotFound && refusal?.detail.contains("the limit is 107") == true)
        #expect(socket.state == .unconnected)
    }

    @Test(arguments: backends)
    func `26 a name in use stays so, and is free when it was removed`(_ backend: BackendChoice) throws {
        let loop = try LocalEventLoop(backend: backend)
        let (first, second) = (LocalServer(on: loop), LocalServer(on: loop))
        let name = uniqueName()
        #expect(LocalServer.removeServer(name))
        try first.listen(on: name)
        #expect(failure(listening: { () throws(LocalServerError) in try second.listen(on: name) })?.code == .addressInUse)
        #expect(second.errorString == "QLocalServer::listen: Address in use")
        #expect(LocalServer.removeServer(name, compatibility: .removeServerRemovesLiveServers))
        try second.listen(on: name)
        // What the first one leaves behind is not the second one's file.
        first.close()
        #expect(exists(name))
        second.close()
        #expect(!exists(name))
    }

    @Test(arguments: backends)
    func `27 a server listens under a second name, and the same client connects again`(_ backend: BackendChoice) throws {
        let loop = try LocalEventLoop(backend: backend)
        let (server, client) = (LocalServer(on: loop), LocalSocket(on: loop))
        for name in [uniqueName(), uniqueName()] {
            try server.listen(on: name)
            try client.connect(to: name)
            #expect(client.waitForConnected() && server.waitForNewConnection(within: safetyNet))
            #expect(server.nextPendingConnection() != nil)
            server.close()
            client.disconnect()
            try loop.processEvents()
            #expect(client.state == .unconnected)
        }
    }

    @Test(arguments: backends)
    func `29 clients can connect before any of them is accepted`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            let clients = (0..<3).map { _ in LocalSocket(on: loop) }
            for client in clients { try client.connect(to: name) }
            for client in clients { #expect(client.waitForConnected()) }
            for _ in clients {
                #expect(server.waitForNewConnection(within: safetyNet))
                #expect(server.nextPendingConnection() != nil)
            }
            for client in clients { client.abort() }
        }
    }

    @Test(arguments: backends)
    func `37 access options set the mode exactly`(_ backend: BackendChoice) throws {
        let modes: [(LocalServer.Options, mode_t)] = [
            (.userAccess, 0o700), (.groupAccess, 0o070), (.otherAccess, 0o007), (.worldAccess, 0o777),
        ]
        for (options, mode) in modes {
            try withServer(backend, options: options) { _, server, _ in #expect(Self.mode(of: server.fullServerName) == mode) }
        }
    }

    private static func mode(of path: String) -> mode_t? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }
}
