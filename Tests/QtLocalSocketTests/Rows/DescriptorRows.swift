import Glibc
import RingIPC
import Testing

@testable import QtLocalSocket

/// The rows about descriptors that a program already has.
@Suite struct DescriptorRows {
    @Test(arguments: backends)
    func `18 a descriptor is taken over with its mode, and one that is none is refused`(_ backend: BackendChoice) throws {
        let loop = try LocalEventLoop(backend: backend)
        let socket = LocalSocket(on: loop)
        let spy = Spy(socket)
        #expect(failure { () throws(LocalSocketError) in try socket.adopt(descriptor: -1) } != nil)
        #expect(socket.state == .unconnected && socket.socketDescriptor == -1 && socket.openMode == [])

        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        try socket.adopt(descriptor: ends[0], mode: .writeOnly)
        #expect(socket.state == .connected && socket.socketDescriptor == ends[0] && socket.openMode == .writeOnly && socket.isOpen)
        #expect(socket.serverName == "" && socket.fullServerName == "")
        #expect(spy.isSilent)
        let other = LocalSocket(on: loop)
        try other.adopt(descriptor: ends[1])
        try socket.write("hello")
        #expect(other.waitForReadyRead(within: safetyNet) && other.readAll() == Array("hello".utf8))
        socket.abort()
        other.abort()
    }

    private enum Name: String, CaseIterable { case path, abstract, abstractWithSlash }

    @Test(arguments: backends, Name.allCases)
    private func `38 a listening descriptor tells the server's names`(_ backend: BackendChoice, _ kind: Name) throws {
        let name = kind == .abstractWithSlash ? "\(uniqueName())/part" : uniqueName()
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        let path = kind == .path ? LocalName.path(for: name) : nil
        try #require(Self.bind(descriptor, path ?? "\0" + name) && Glibc.listen(descriptor, 5) == 0)
        defer { if let path { _ = unsafe unlink(path) } }

        let loop = try LocalEventLoop(backend: backend)
        let server = LocalServer(on: loop)
        try server.listen(on: descriptor)
        #expect(server.isListening && server.socketDescriptor == descriptor)
        #expect(server.serverName == name && server.fullServerName == path ?? name)
        #expect(server.options.contains(.abstractNamespace) == (kind != .path))
        let client = LocalSocket(on: loop)
        client.options = kind == .path ? [] : .abstractNamespace
        try client.connect(to: name)
        #expect(server.waitForNewConnection(within: safetyNet))
        client.abort()
        server.close()
        // Its file is not ours to remove.
        if kind == .path { #expect(exists(name)) }
    }

    @Test(arguments: backends)
    func `38 a descriptor without a name cannot listen, and stays the caller's`(_ backend: BackendChoice) throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        defer { for end in ends { _ = close(end) } }
        let server = LocalServer(on: try LocalEventLoop(backend: backend))
        let error = failure(listening: { () throws(LocalServerError) in try server.listen(on: ends[0]) })
        #expect(error?.detail.contains("not a listening socket") == true)
        #expect(!server.isListening && server.serverName == "" && server.fullServerName == "")
        #expect(fcntl(ends[0], F_GETFD) >= 0)
    }

    private static func bind(_ descriptor: Int32, _ name: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name.utf8) }
        let isAbstract = name.utf8.first == 0
        let length = MemoryLayout<sa_family_t>.size + name.utf8.count + (isAbstract ? 0 : 1)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe Glibc.bind(descriptor, $0, socklen_t(length)) == 0 }
        }
    }
}
