import Foundation
import Glibc
import RingIPC
import Testing

@testable import QtLocalSocket

/// Where Qt's server is a trap: what is safe is the default, what Qt does is an option.
@Suite struct ServerTraps {
    private static func listen(
        _ loop: LocalEventLoop, _ name: String, _ options: LocalServer.Options, _ compatibility: LocalServer.Compatibility = []
    ) throws(LocalServerError) -> LocalServer {
        let server = LocalServer(on: loop, compatibility: compatibility)
        server.options = options
        try server.listen(on: name)
        return server
    }

    /// A file as a dead server leaves it. Made without a socket: a process that another test is just starting would have a copy, and be a
    /// live server, until its exec.
    private static func leaveStaleFile(_ name: String) throws {
        try #require(unsafe mknod(LocalName.path(for: name), mode_t(S_IFSOCK | 0o600), 0) == 0)
    }

    @Test(arguments: backends, [LocalServer.Options(), .userAccess])
    func `the file of a dead server is replaced, that of a live one is not`(_ backend: BackendChoice, _ options: LocalServer.Options) throws {
        let loop = try LocalEventLoop(backend: backend)
        let name = uniqueName()
        try Self.leaveStaleFile(name)
        let first = try Self.listen(loop, name, options)
        let error = failure(listening: { () throws(LocalServerError) in _ = try Self.listen(loop, name, options) })
        #expect(error?.code == .addressInUse)
        let client = LocalSocket(on: loop)
        try client.connect(to: name)
        #expect(first.waitForNewConnection(within: safetyNet))
        client.abort()
        first.close()
        #expect(!exists(name))
    }

    @Test(arguments: backends)
    func `as in Qt, access options take the name of a live server over`(_ backend: BackendChoice) throws {
        let loop = try LocalEventLoop(backend: backend)
        let name = uniqueName()
        let first = try Self.listen(loop, name, .userAccess)
        let second = try Self.listen(loop, name, .userAccess, .accessOptionsReplaceLiveServers)
        let client = LocalSocket(on: loop)
        try client.connect(to: name)
        #expect(second.waitForNewConnection(within: safetyNet))
        #expect(!first.waitForNewConnection())
        first.close()
        #expect(exists(name))
        client.abort()
        second.close()
    }

    @Test func `removing a name spares a live server and what is no socket`() throws {
        let loop = try LocalEventLoop(backend: .epoll)
        let name = uniqueName()
        let server = try Self.listen(loop, name, [])
        #expect(!LocalServer.removeServer(name) && exists(name))
        server.close()
        try Self.leaveStaleFile(name)
        #expect(LocalServer.removeServer(name) && !exists(name))
        let path = LocalName.path(for: name)
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { _ = unsafe unlink(path) }
        #expect(!LocalServer.removeServer(name, compatibility: .removeServerRemovesLiveServers) && exists(name))
    }

    @Test func `without access options only the same user can connect; as in Qt, the umask decides`() async {
        await #expect(processExitsWith: .success) {
            let loop = try LocalEventLoop(backend: .epoll)
            let name = uniqueName()
            for (mask, compatibility, mode) in [
                (0o022, LocalServer.Compatibility(), mode_t(0o600)), (0o022, .umaskDecidesAccess, 0o755), (0, .umaskDecidesAccess, 0o777),
            ] {
                umask(mode_t(mask))
                let server = try ServerTraps.listen(loop, name, [], compatibility)
                var status = stat()
                try #require(unsafe lstat(server.fullServerName, &status) == 0)
                #expect(status.st_mode & 0o7777 == mode)
                server.close()
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can be two users"), arguments: [true, false])
    func `under an abstract name only the same user is let in; as in Qt, everybody`(_ isSafe: Bool) async {
        await #expect(processExitsWith: .success) { [isSafe] in
            let loop = try LocalEventLoop(backend: .epoll)
            let name = uniqueName()
            let server = try ServerTraps.listen(loop, name, .abstractNamespace, isSafe ? [] : .abstractNamesAdmitEverybody)
            let client = LocalSocket(on: loop)
            client.options = .abstractNamespace
            try #require(seteuid(65_534) == 0)
            try client.connect(to: name)
            try #require(seteuid(0) == 0)
            #expect(server.waitForNewConnection(within: isSafe ? .milliseconds(10) : safetyNet) != isSafe)
            if isSafe { #expect(client.waitForDisconnected(within: safetyNet)) }
        }
    }

    @Test func `a server without a free descriptor goes on listening`() async {
        await #expect(processExitsWith: .success) {
            // Lets the runtime open what it needs for timers: it does not survive a lack of descriptors itself.
            try await Task.sleep(for: .nanoseconds(1))
            for backend in backends {
                let loop = try LocalEventLoop(backend: backend)
                let name = uniqueName()
                let server = try ServerTraps.listen(loop, name, [])
                let client = LocalSocket(on: loop)
                try client.connect(to: name)
                // No number is left.
                var taken: [Int32] = []
                while case let next = dup(0), next >= 0 { taken.append(next) }
                #expect(!server.waitForNewConnection(within: .milliseconds(10)))
                #expect(server.isListening && exists(name))
                for descriptor in taken { _ = close(descriptor) }
                #expect(server.waitForNewConnection(within: safetyNet))
                client.abort()
                server.close()
            }
        }
    }

    @Test(arguments: backends)
    func `no more than the limit are accepted, and the next one when one was taken`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            server.maxPendingConnections = 2
            let clients = (0..<5).map { _ in LocalSocket(on: loop) }
            for client in clients { try client.connect(to: name) }
            var count = 0
            for expected in [2, 2, 1] {
                try loop.run(until: "the next connections") { server.hasPendingConnections }
                for _ in 0..<20 { try loop.processEvents() }
                var taken: [LocalSocket] = []
                while count < 5, taken.count < expected, let socket = server.nextPendingConnection() { taken.append(socket) }
                #expect(taken.count == expected && !server.hasPendingConnections)
                count += taken.count
            }
            for client in clients { client.abort() }
        }
    }

    @Test(arguments: backends)
    func `each wait reports one connection, also one that came before`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            let clients = (0..<2).map { _ in LocalSocket(on: loop) }
            for client in clients { try client.connect(to: name) }
            try loop.run(until: "both connections") { server.hasPendingConnections && Self.count(server) == 2 }
            #expect(server.waitForNewConnection() && server.waitForNewConnection() && !server.waitForNewConnection())
            #expect(Self.count(server) == 2)
            for client in clients { client.abort() }
        }
    }

    private static func count(_ server: LocalServer) -> Int { server.pending.count }

    @Test(arguments: backends)
    func `a descriptor can be taken away before a socket is made of it`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            var served: Background?
            server.incomingConnection = { _, descriptor in
                served = Background {
                    let socket = LocalSocket(on: try LocalEventLoop(backend: backend))
                    try socket.adopt(descriptor: descriptor)
                    try socket.write("from another thread")
                    #expect(socket.waitForBytesWritten(within: safetyNet))
                    socket.disconnect()
                }
            }
            let client = LocalSocket(on: loop)
            try client.connect(to: name)
            #expect(server.waitForNewConnection(within: safetyNet) && !server.hasPendingConnections)
            try served?.value()
            #expect(client.waitForDisconnected(within: safetyNet))
            #expect(client.readAll() == Array("from another thread".utf8))
        }
    }

    @Test(arguments: backends)
    func `who takes descriptors away gets all of them, whatever the limit`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            server.maxPendingConnections = 1
            var count = 0
            server.incomingConnection = { _, descriptor in
                count += 1
                _ = close(descriptor)
            }
            let clients = (0..<7).map { _ in LocalSocket(on: loop) }
            for client in clients { try client.connect(to: name) }
            try loop.run(until: "the last of them") { count == clients.count }
        }
    }

    @Test(arguments: backends)
    func `a server keeps what it gave out until it is disconnected, and takes it along`(_ backend: BackendChoice) throws {
        let loop = try LocalEventLoop(backend: backend)
        var server: LocalServer? = LocalServer(on: loop)
        let name = uniqueName()
        try server?.listen(on: name)
        let clients = (0..<2).map { _ in LocalSocket(on: loop) }
        weak var first: LocalSocket?
        weak var second: LocalSocket?
        func take() throws -> LocalSocket? {
            #expect(server?.waitForNewConnection(within: safetyNet) == true)
            return server?.nextPendingConnection()
        }
        try clients[0].connect(to: name)
        first = try take()
        try clients[1].connect(to: name)
        second = try take()
        #expect(first != nil && second != nil)
        clients[0].disconnect()
        try loop.run(until: "the end of the first") { first == nil }
        #expect(second?.state == .connected)
        server = nil
        #expect(second == nil && !exists(name))
        #expect(clients[1].waitForDisconnected(within: safetyNet))
    }
}
