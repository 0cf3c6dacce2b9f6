import Foundation
import Glibc
import RingIPC
import Testing

@testable import QtLocalSocket

/// What is left when everything is gone: nothing.
@Suite struct LifetimeTests {
    @Test func `no descriptor and no file is left, whatever was open`() async {
        await #expect(processExitsWith: .success) {
            try LifetimeTests.useAndDrop()
            let before = try LifetimeTests.sockets()
            for _ in 0..<3 { try LifetimeTests.useAndDrop() }
            #expect(try LifetimeTests.sockets() == before)
        }
    }

    /// Everything that can be open, dropped in the middle of its work.
    private static func useAndDrop() throws {
        for backend in backends {
            let name = uniqueName()
            do {
                let loop = try LocalEventLoop(backend: backend)
                let server = LocalServer(on: loop)
                server.maxPendingConnections = 3
                try server.listen(on: name)
                let clients = (0..<9).map { _ in LocalSocket(on: loop) }
                for client in clients { try client.connect(to: name) }
                for _ in 0..<3 { _ = server.waitForNewConnection(within: safetyNet) }
                let accepted = try #require(server.nextPendingConnection())
                for client in clients { try client.write([UInt8](repeating: 1, count: 1 << 20)) }
                try accepted.write("dropped")
                for _ in 0..<5 { try loop.processEvents() }
                clients[0].disconnect()
                clients[1].abort()
            }
            #expect(!exists(name))
        }
    }

    /// Open sockets and rings.
    private static func sockets() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { number in
            let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")) ?? ""
            return target.hasPrefix("socket:") || target.contains("io_uring")
        }
    }

    @Test(arguments: backends)
    func `what was written before everything is dropped arrives, if it was sent`(_ backend: BackendChoice) throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        defer { _ = close(ends[1]) }
        do {
            let socket = LocalSocket(on: try LocalEventLoop(backend: backend))
            try socket.adopt(descriptor: ends[0])
            try socket.write("hello")
            #expect(socket.waitForBytesWritten(within: safetyNet))
        }
        var buffer = [UInt8](repeating: 0, count: 10)
        #expect(unsafe recv(ends[1], &buffer, 10, 0) == 5)
        #expect(unsafe recv(ends[1], &buffer, 10, 0) == 0)
    }

    @Test(arguments: backends)
    func `a socket that nobody has any more is disconnected in order`(_ backend: BackendChoice) throws {
        try withServer(backend) { loop, server, name in
            var client: LocalSocket? = LocalSocket(on: loop)
            try client?.connect(to: name)
            #expect(server.waitForNewConnection(within: safetyNet))
            let accepted = try #require(server.nextPendingConnection())
            try client?.write([UInt8](repeating: 5, count: 100_000))
            client = nil
            #expect(accepted.waitForDisconnected(within: safetyNet))
            #expect(accepted.readAll() == [UInt8](repeating: 5, count: 100_000))
        }
    }
}
