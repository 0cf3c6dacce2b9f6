import Foundation
import Glibc
import Testing

@testable import RingIPC

/// Descriptors come home, and a lack of them passes. In processes of their own, since other tests open and close all the time.
@Suite struct DescriptorTests {
    /// Every way of ending, many times over.
    private static func openAndClose(_ setup: LoopSetup) throws {
        struct Oops: Error {}
        let journal = Journal()
        let handler = Scripted(
            journal: journal,
            onReceived: { frames, reply in
                while let frame = try frames.next() {
                    switch frame.count {
                    case 1: throw Oops()
                    case 2: reply.close()
                    default: try reply.send(frame.bytes)
                    }
                }
            })
        try withServer(setup, { $0.drainTimeout = .milliseconds(100) }, handler: { _ in handler }) { server, endpoint in
            for round in 0..<5 {
                for size in [1, 2, 3] {
                    let peer = try RawPeer(connectedTo: endpoint)
                    try peer.write(WireBytes.hello() + WireBytes.frame(Pattern.bytes(size, seed: round), .native))
                    if size == 3 { _ = try peer.read(exactly: 30) }
                }
                // Wrong from the first byte; and gone without a word.
                let wrong = try RawPeer(connectedTo: endpoint)
                try wrong.write([1, 2, 3])
                _ = try wrong.readToEnd()
                var connection = try Connection(connectingTo: endpoint)
                try connection.sendPattern(100_000, seed: round)
                require(try connection.receive(within: safetyNet) { frame, _ in frame.count } == 100_000)
                try connection.close()
                server.loop.connect(to: .abstract("nobody-\(uniqueAbstractName())"), handler: Collector(journal: Journal()))
            }
            try server.until("an empty loop") { $0.connectionCount == 0 }
            // Some are still open when the loop is stopped.
            for _ in 0..<3 {
                let (peer, descriptor) = RawPeer.pair()
                server.loop.connect(to: .descriptor(descriptor), handler: Collector(journal: Journal()))
                try peer.write(WireBytes.hello())
            }
        }
    }

    /// An exit test cannot capture the setup, so it goes through all of them.
    @Test func `every descriptor is closed again, however its connection ended`() async {
        await #expect(processExitsWith: .success) {
            try await Task.sleep(for: .nanoseconds(1))
            for setup in LoopSetup.usable {
                try Self.openAndClose(setup)
                let before = OpenDescriptors()
                for _ in 0..<5 { try Self.openAndClose(setup) }
                let left = OpenDescriptors().left(since: before)
                require(left == [], "\(setup.rawValue): \(left)")
            }
            for backend in Machine.blockingChoices {
                let before = OpenDescriptors()
                for _ in 0..<20 {
                    let (peer, descriptor) = RawPeer.pair()
                    var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: .with { $0.backend = backend })
                    try peer.write(WireBytes.hello() + WireBytes.frame([1], .native))
                    require(try connection.receive(within: safetyNet) { frame, _ in frame.count } == 1)
                    peer.close()
                }
                let left = OpenDescriptors().left(since: before)
                require(left == [], "\(backend): \(left)")
            }
        }
    }

    @Test func `a process without a free descriptor goes on accepting when it has one`() async {
        await #expect(processExitsWith: .success) {
            try await Task.sleep(for: .nanoseconds(1))
            // Set before the loops run: a ring's accept goes by the limit of the time when it was begun.
            setDescriptorLimit(200)
            for setup in LoopSetup.usable {
                try withServer(setup, handler: { _ in Echo() }) { server, endpoint in
                    var first = try Connection(connectingTo: endpoint)
                    try first.sendPattern(1, seed: 1)
                    require(try first.receive(within: safetyNet) { frame, _ in frame.count } == 1)
                    // The client has its socket, the server will find none for its end.
                    let client = Plain.stream()
                    var ballast: [Int32] = []
                    while case let number = dup(client.descriptor), number >= 0 { ballast.append(number) }
                    require(connectPlain(client.descriptor, endpoint) == 0)
                    try server.until("a failed accept") { $0.statistics.acceptFailures > 0 }
                    require(try server.statistics().acceptedConnections == 1)
                    // Who is connected is served meanwhile.
                    try first.sendPattern(2, seed: 2)
                    require(try first.receive(within: safetyNet) { frame, _ in frame.count } == 2)
                    for number in ballast { Glibc.close(number) }
                    let peer = RawPeer(owning: dup(client.descriptor))
                    try peer.write(WireBytes.hello() + WireBytes.frame([9], .native))
                    require(try peer.read(exactly: 40) == WireBytes.hello() + WireBytes.frame([9], .native))
                    try first.close()
                }
            }
        }
    }

    /// More at once than a loop's queue of completions is long.
    @Test(arguments: LoopSetup.backends)
    func `thousands of connections end in one turn`(_ setup: LoopSetup) throws {
        let journal = Journal()
        let count = 4_500
        let server = try RunningLoop(setup) { $0.format = .lengthPrefixed(.host) }
        var peers: [RawPeer] = []
        for _ in 0..<count {
            let (peer, descriptor) = RawPeer.pair()
            peers.append(peer)
            server.loop.connect(to: .descriptor(descriptor), handler: Scripted(journal: journal))
        }
        try server.until("all connections") { $0.connectionCount == count }
        try server.stop()
        #expect(journal.now.closed.count == count && journal.now.closed.allSatisfy { $0.code == nil })
        for peer in peers { #expect(try peer.readSome(1) == []) }
    }

    /// Nothing wakes the loop after the close: it has to let go by itself.
    @Test(arguments: LoopSetup.usable)
    func `a connection that a job closes after the peer's half-close is let go at once`(_ setup: LoopSetup) throws {
        let journal = Journal()
        // No deadline comes to help.
        let server = try RunningLoop(setup) {
            $0.drainTimeout = .seconds(600)
            $0.helloTimeout = .seconds(600)
        }
        let (peer, descriptor) = RawPeer.pair()
        let socket = SocketIdentity(descriptor)
        server.loop.connect(to: .descriptor(descriptor), handler: Scripted(journal: journal, onFinished: { _ in }))
        try peer.write(WireBytes.hello() + WireBytes.goodbye)
        peer.finishWriting()
        let id = try journal.wait(for: "finished") { $0.finished == 1 }.connection!
        try server.until("the end of the stream") { $0.statistics.bytesReceived == 32 }
        server.loop.post { $0.close(id) }
        #expect(try journal.closed().code == nil)
        let limit = ContinuousClock.now + .seconds(10)
        while socket.isOpen, ContinuousClock.now < limit { sched_yield() }
        #expect(!socket.isOpen)
        try server.stop()
    }
}

private func connectPlain(_ descriptor: Int32, _ endpoint: Endpoint) -> Int32 {
    guard case .abstract(let name) = endpoint else { return -1 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
        unsafe field[0] = 0
        unsafe UnsafeMutableRawBufferPointer(rebasing: field.dropFirst()).copyBytes(from: name.utf8)
    }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(descriptor, $0, length) }
    }
}
