import Glibc
import Testing

@testable import RingIPC

/// A loop that its owner turns, and its listeners.
@Suite struct ManualLoopTests {
    private final class Door {
        var arrived: [SocketParcel] = []
        var room: Int
        init(room: Int) { self.room = room }

        func take(_ parcel: SocketParcel, _ peer: PeerCredentials) -> Bool {
            arrived.append(parcel)
            return arrived.count < room
        }
    }

    private static func loop(_ setup: LoopSetup) throws -> ManualLoop {
        try ManualLoop(configuration: setup.configuration { $0.format = .bytes })
    }
    private static func turn(_ loop: ManualLoop) throws { for _ in 0..<10 { try loop.turn(until: 0) } }

    @Test(arguments: LoopSetup.usable)
    func `a listener takes no more than its owner wants, and the others later`(_ setup: LoopSetup) throws {
        let loop = try Self.loop(setup)
        let door = Door(room: 2)
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let started = try loop.listen(on: endpoint, configuration: loop.configuration, take: door.take)
        let clients = try (0..<7).map { _ in try RawPeer(connectedTo: endpoint) }
        for room in [2, 4, 6, 7] {
            door.room = room
            loop.resumeAccepting(started.listener)
            try Self.turn(loop)
            #expect(door.arrived.count == room)
        }
        loop.pauseAccepting(started.listener)
        try Self.turn(loop)
        let late = try RawPeer(connectedTo: endpoint)
        try Self.turn(loop)
        #expect(door.arrived.count == 7)
        try loop.close(listener: started.listener)
        #expect((try? late.readToEnd()) ?? [] == [])
        #expect(clients.count == 7)
    }

    @Test(arguments: LoopSetup.usable)
    func `a closed listener frees its name and its place`(_ setup: LoopSetup) throws {
        let loop = try Self.loop(setup)
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        for round in 0..<100 {
            let door = Door(room: round % 3)
            let started = try Self.whenOthersHaveLetGo {
                try loop.listen(on: endpoint, configuration: loop.configuration, take: door.take)
            }
            if round % 3 != 0 { loop.resumeAccepting(started.listener) }
            let client = try RawPeer(connectedTo: endpoint)
            if round % 2 == 0 { try Self.turn(loop) }
            try loop.close(listener: started.listener)
            door.arrived.removeAll()
            try Self.whenOthersHaveLetGo {
                let error = failure { () throws(TransportError) in _ = try Socket.connect(to: endpoint, timeout: .zero) }
                guard error?.code == .connectionRefused else { throw TookTooLong(what: "the refusal of a connection") }
            }
            #expect((try? client.readToEnd()) ?? [] == [])
        }
    }

    /// A child that another test has just forked has the listening socket, too, until it becomes another program.
    private static func whenOthersHaveLetGo<Value>(_ attempt: () throws -> Value) throws -> Value {
        let limit = ContinuousClock.now + safetyNet
        while ContinuousClock.now < limit {
            if let value = try? attempt() { return value }
            sched_yield()
        }
        return try attempt()
    }

    private final class Ear {
        var bytes: [UInt8] = []
        var connection: ConnectionID?
        var end: CloseReason?
    }

    private struct Handler: ConnectionHandler {
        let ear: Ear
        mutating func opened(_ outbound: inout Outbound) { ear.connection = outbound.connection }
        mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
            while let piece = try frames.next(upTo: 3) { ear.bytes += array(piece.bytes) }
        }
        mutating func closed(_ reason: CloseReason) { ear.end = reason }
    }

    private static func queue(_ bytes: [UInt8], on connection: ConnectionID, of loop: ManualLoop) throws(TransportError) {
        unsafe try loop.queue(bytes.span.bytes, on: connection)
    }

    @Test(arguments: LoopSetup.usable)
    func `bytes wait for a turn or a flush, are counted, and can be dropped`(_ setup: LoopSetup) throws {
        let loop = try Self.loop(setup)
        let (peer, descriptor) = RawPeer.pair()
        let ear = Ear()
        loop.open(try loop.connect(to: .descriptor(descriptor)), handler: Handler(ear: ear))
        let connection = try #require(ear.connection)
        try Self.queue([1, 2, 3], on: connection, of: loop)
        #expect(loop.sendState(of: connection)?.queuedBytes == 3)
        try loop.flush(connection)
        #expect(loop.sendState(of: connection)?.queuedBytes == 0)
        #expect(try peer.read(exactly: 3) == [1, 2, 3])
        try peer.write(Array(0..<100))
        try Self.turn(loop)
        #expect(ear.bytes == Array(0..<100))
        try Self.queue([4], on: connection, of: loop)
        loop.abort(connection)
        #expect(loop.sendState(of: connection) == nil && ear.end?.code == .closed)
        try Self.turn(loop)
        #expect(try peer.readToEnd() == [])
        #expect(failure { () throws(TransportError) in try Self.queue([5], on: connection, of: loop) }?.code == .closed)
    }
}
