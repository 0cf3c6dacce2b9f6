import Glibc
import Testing

@testable import RingIPC

/// Offers that cannot be taken: the socket carries on, and the connection says why.
@Suite struct LaneRefusalTests {
    private static let frame = WireBytes.frame([1, 2, 3], .native)

    /// What the survivor sees of a peer whose hello brings these descriptors, and that then talks by the socket.
    private static func outcome(passing descriptors: [Int32], largestRing: Int = SharedMemoryOptions().largestPeerRing) throws -> LaneOutcome {
        let peer = try RawLane()
        let configuration = LaneSurvivor.configuration { $0.sharedMemory?.largestPeerRing = largestRing }
        let survivor = LaneSurvivor.receiving(configuration, at: peer.descriptor)
        try peer.meet()
        try peer.greet(passing: descriptors)
        try peer.expect(RawLane.refused)
        try peer.send(Self.frame + WireBytes.goodbye)
        return try survivor.value()
    }

    private static func memoryFile() throws -> Int32 {
        let file = try SharedSegment.makeFile(4_096)
        return duplicate(file.number)
    }

    private static func expectRefusal(_ outcome: LaneOutcome, _ reason: String) {
        #expect(outcome.frames == [[1, 2, 3]] && outcome.error == nil, "\(outcome)")
        #expect(outcome.lane.sending == .socket && outcome.lane.receiving == .socket)
        #expect(outcome.lane.reason.contains(reason), "\(outcome.lane)")
        #expect(outcome.statistics.lane == outcome.lane)
        #expect(outcome.statistics.sharedMemoryRefusals == 1 && outcome.statistics.sharedMemoryConnections == 0)
    }

    @Test(arguments: WrongDescriptor.allCases.filter { $0 != .closed })
    func `a wrong descriptor is refused, and nothing of it stays`(_ wrong: WrongDescriptor) throws {
        let descriptor = try wrong.make()
        let file = MemoryFile(descriptor)
        let outcome = try Self.outcome(passing: [descriptor], largestRing: WrongDescriptor.limit)
        close(descriptor)
        Self.expectRefusal(outcome, wrong.reason)
        // Everybody has these open.
        if wrong != .device, wrong != .directory { #expect(file.remains() == nil) }
    }

    @Test func `a hello that offers and brings nothing is refused`() throws {
        Self.expectRefusal(try Self.outcome(passing: []), "brought no descriptor")
    }

    /// A peer that passes more than it may speak of costs itself the connection: closing what it passes takes a thread each.
    @Test(arguments: [2, 3, 100])
    func `descriptors that no frame speaks of end the connection, and are closed`(_ count: Int) throws {
        let peer = try RawLane()
        let survivor = LaneSurvivor.receiving(LaneSurvivor.configuration(), at: peer.descriptor)
        try peer.meet()
        let others = try (1..<count).map { _ in try Self.memoryFile() }
        let files = others.map { MemoryFile($0) }
        try peer.greet(passing: [peer.own.descriptor!] + others)
        for descriptor in others { close(descriptor) }
        let outcome = try survivor.value()
        #expect(outcome.error?.code == .invalidSharedMemory, "\(outcome)")
        #expect(outcome.error?.detail.contains("descriptor") == true)
        for file in files { #expect(file.remains() == nil) }
    }

    /// Some may come ahead of what is said of them.
    @Test(arguments: LaneEnd.all)
    func `too many descriptors after the switch end the connection, and are closed`(_ end: LaneEnd) throws {
        let peer = try RawLane()
        let survivor = end.receiving(at: peer.descriptor)
        try peer.agree()
        let other = try Self.memoryFile()
        let file = MemoryFile(other)
        for _ in 0..<17 { _ = sendPassing([other], with: RawLane.doorbell, to: peer.socket.descriptor) }
        close(other)
        #expect(try survivor.value().error?.code == .invalidSharedMemory)
        #expect(file.remains() == nil)
    }

    /// The kernel would close it where the receiver drops it, and wait there for as long as the peer has set.
    @Test(arguments: [0, 1])
    func `a socket that is slow to close stops nobody, also when nothing was offered with it`(_ features: UInt64) throws {
        for end in LaneEnd.all {
            let peer = try RawLane()
            let clogged = try CloggedSocket()
            // Two receives, of which the second comes when no descriptor is expected any more, if nothing was offered.
            try peer.send(WireBytes.hello(features: features), passing: features == 0 ? [] : [clogged.writer])
            try peer.send(Self.frame, passing: features == 0 ? [clogged.writer] : [])
            clogged.giveAway()
            let survivor = end.receiving(at: peer.descriptor)
            try peer.meet()
            if features == 1 { try peer.expect(RawLane.refused) }
            try peer.send(WireBytes.goodbye)
            // A loop closes when the other side has read everything.
            _ = try? peer.socket.readToEnd()
            let outcome = try survivor.value()
            #expect(outcome.frames == [[1, 2, 3]] && outcome.error == nil, "\(outcome)")
        }
    }
}

/// A TCP socket whose last close(2) lasts a minute: the peer does not read what it has sent.
final class CloggedSocket {
    private let reader: Int32
    let writer: Int32

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        writer = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let (first, second) = (listener, writer)
        let isConnected = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                unsafe bind(first, name, size) == 0 && listen(first, 1) == 0 && getsockname(first, name, &size) == 0
                    && connect(second, name, size) == 0
            }
        }
        require(isConnected, "TCP on the loopback: errno \(errno)")
        reader = accept(listener, nil, nil)
        var slow = linger(l_onoff: 1, l_linger: 60)
        require(unsafe setsockopt(writer, SOL_SOCKET, SO_LINGER, &slow, socklen_t(MemoryLayout<linger>.size)) == 0)
        let block = [UInt8](repeating: 0, count: 1 << 20)
        while unsafe Glibc.send(writer, block, block.count, Int32(MSG_DONTWAIT)) > 0 {}
    }

    /// It was passed: whoever has it now is the last to close it.
    func giveAway() { close(writer) }

    /// Unread data makes this a reset, which ends the close that lasts.
    deinit { close(reader) }
}
