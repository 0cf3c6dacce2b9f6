import Testing

@testable import RingIPC

/// A handler may keep the error of `next()` to itself; the stream is unreadable all the same.
@Suite struct SwallowedErrorTests {
    private struct Careless: ConnectionHandler {
        let journal: Journal

        mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) {
            do { while let frame = try frames.next() { _ = frame.count } } catch {}
        }

        mutating func closed(_ reason: CloseReason) { journal.note { $0.closed.append(reason) } }
    }

    @Test(arguments: LoopSetup.usable)
    func `a frame that cannot be read ends its connection, whatever the handler makes of the error`(_ setup: LoopSetup) throws {
        let journal = Journal()
        try withServer(setup, handler: { _ in Careless(journal: journal) }) { server, endpoint in
            let peer = try RawPeer(connectedTo: endpoint)
            var frame = WireBytes.frame([1, 2, 3], .native)
            frame[frame.count - 1] = 1
            try peer.write(WireBytes.hello() + frame)
            #expect(try journal.closed().code == .malformedFrame)

            // The same for a frame that comes in two pieces.
            let second = try RawPeer(connectedTo: endpoint)
            try second.write(WireBytes.hello() + frame.prefix(9))
            let sent = UInt64(2 * WireBytes.hello().count + frame.count + 9)
            try server.until("its first piece") { $0.statistics.bytesReceived >= sent }
            try second.write(Array(frame.dropFirst(9)))
            #expect(try journal.closed(2).code == .malformedFrame)
        }
    }
}
