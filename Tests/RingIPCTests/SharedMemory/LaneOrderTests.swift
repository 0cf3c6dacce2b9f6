import Glibc
import Testing

@testable import RingIPC

/// Frames travel by the socket before the switch and in the ring behind it, and nothing tells them apart for who receives them.
@Suite struct LaneOrderTests {
    // MARK: The set-up, cut at every byte

    /// What a peer says by the socket from its hello to behind its switch, and the frames that are whole in each part of it.
    private static let said: [(bytes: [UInt8], frames: [[UInt8]])] = [
        (WireBytes.hello(features: 1), []), (RawLane.accepted, []), (WireBytes.frame([1, 2, 3], .native), [[1, 2, 3]]),
        // What is in the ring by then is seen from the switch on.
        (RawLane.laneSwitch, [[4]]), (RawLane.doorbell, []), (RawLane.doorbell, []),
    ]

    private static let switchStart = said[..<3].reduce(0) { $0 + $1.bytes.count }

    private static func expected(of count: Int) -> (frames: [[UInt8]], code: TransportError.Code) {
        var (rest, frames, isSwitched) = (count, [] as [[UInt8]], false)
        for part in said {
            // Half a doorbell is as good as none.
            guard rest >= part.bytes.count else { return (frames, rest == 0 || isSwitched ? .peerClosedAbruptly : .truncatedFrame) }
            rest -= part.bytes.count
            frames += part.frames
            isSwitched = isSwitched || part.bytes == RawLane.laneSwitch
        }
        return (frames, .peerClosedAbruptly)
    }

    @Test(arguments: LaneEnd.all)
    func `a stream that ends at any byte of the set-up delivers what came before`(_ end: LaneEnd) throws {
        let stream = Self.said.flatMap(\.bytes)
        for count in 0...stream.count {
            var random = SeededRandom(seed: UInt64(count))
            let peer = try RawLane()
            let survivor = end.receiving(at: peer.descriptor)
            peer.put(WireBytes.frame([4], .native))
            peer.publish()
            for (index, piece) in random.pieces(of: Array(stream[..<min(count, Self.switchStart)])).enumerated() {
                try peer.send(Array(piece), passing: index == 0 ? [peer.own.descriptor!] : [])
            }
            if count > Self.switchStart {
                // Nobody switches who was not answered.
                try peer.meet()
                try peer.expectAccepted()
                for piece in random.pieces(of: Array(stream[Self.switchStart..<count])) { try peer.send(Array(piece)) }
            }
            peer.socket.finishWriting()
            let outcome = try survivor.value()
            let (frames, code) = Self.expected(of: count)
            #expect(outcome.frames == frames && outcome.error?.code == code, "\(count) bytes: \(outcome)")
        }
    }

    // MARK: Two honest sides, small sockets, all at once

    /// One side of a conversation: sends frames of these sizes, receives those of the other side, and ends when both are through.
    private struct Talker: Sendable {
        let sizes: [Int]
        let others: [Int]
        let seed: UInt64

        func talk(_ connection: consuming Connection) throws -> String? {
            var connection = connection
            var random = SeededRandom(seed: seed)
            var (sent, received, hasFinished, isPeerFinished) = (0, 0, false, false)
            let limit = ContinuousClock.now + safetyNet
            while !(hasFinished && isPeerFinished) {
                if ContinuousClock.now > limit { return "\(sent) of \(sizes.count) sent, \(received) of \(others.count) received" }
                switch random.number(0...3) {
                case 0, 1:
                    if sent < sizes.count {
                        // Below the threshold at which a send waits.
                        guard unsafe connection.outbound.pointee.queuedBytes + sizes[sent] < 14_000 else { fallthrough }
                        try connection.sendPattern(sizes[sent], seed: sent)
                        sent += 1
                    } else if !hasFinished, unsafe connection.outbound.pointee.isEmpty {
                        try connection.finishSending()
                        hasFinished = true
                    }
                case 2: try passing { try connection.flush(within: .zero) }
                default:
                    guard !isPeerFinished else { continue }
                    try passing {
                        let isSame = try connection.receive(within: .milliseconds(random.number(0...3))) { frame, _ in
                            received < others.count && Pattern.matches(frame, count: others[received], seed: received)
                        }
                        guard let isSame else { return isPeerFinished = true }
                        if !isSame { throw Wrong(index: received) }
                        received += 1
                    }
                }
            }
            try connection.close()
            return received == others.count ? nil : "an end after \(received) of \(others.count)"
        }

        struct Wrong: Error { let index: Int }

        private func passing(_ body: () throws -> Void) throws {
            do { try body() } catch let error as TransportError where error.code == .timedOut {}
        }
    }

    @Test func `both sides' frames arrive in order, wherever the switch comes`() throws {
        for seed in 1...24 as ClosedRange<UInt64> { try Self.converse(seed) }
    }

    private static func converse(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var descriptors: [Int32] = [-1, -1]
        require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &descriptors) == 0)
        for descriptor in descriptors where random.bool(oneIn: 2) { setBuffer(SO_SNDBUF, 1, of: descriptor) }
        let sizes = (0..<2).map { _ in (0..<random.number(0...60)).map { _ in random.length(upTo: [20, 300, 5_000, 12_000][random.number(0...3)]) } }
        let sides = (0..<2).map { side in
            let talker = Talker(sizes: sizes[side], others: sizes[1 - side], seed: seed &* 2 &+ UInt64(side))
            let configuration = LaneSurvivor.configuration(copies: random.bool(oneIn: 2)) {
                $0.coalescing = CoalescingPolicy(thresholdBytes: 1 << 20)
            }
            let descriptor = descriptors[side]
            return Background { try talker.talk(try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)) }
        }
        for side in sides {
            let wrong = try side.value()
            #expect(wrong == nil, "seed \(seed)")
        }
    }
}
