import Glibc

@testable import RingIPC

/// A blocking connection whose peer says any bytes by the socket, passes any descriptors, and writes anything into its segment: positions, headers,
/// payloads, sleeping words; and into what it lends: descriptions of loans, their frames, pools, and the counters of what was given back.
///
/// As long as the peer keeps to the rules its frames come, each once and in order. When it has broken one, the connection ends with an error of
/// those that a peer can cause, or goes on; whatever it does, no call waits, and its own positions stay believable.
final class LaneCheck {
    private static let ringSize = 4_096
    private static let errors: Set<TransportError.Code> = [
        .malformedFrame, .frameTooLong, .incompatiblePeer, .truncatedFrame, .peerClosedAbruptly, .invalidSharedMemory, .memoryExhausted,
        .connectionReset,
    ]

    private let isCanary: Bool
    private let wrongFile: Int32
    private let memory: LoanPool

    init(isCanary: Bool = false) {
        self.isCanary = isCanary
        // Not sealed.
        wrongFile = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        do throws(TransportError) { memory = try LentPools.makeMemory() } catch { fatalError("\(error)") }
    }

    deinit { close(wrongFile) }

    /// What is wrong; `nil` when all is as it must be.
    func failure(on input: UnsafeRawBufferPointer) -> String? {
        var input = unsafe FuzzInput(input)
        let flags = input.byte()
        var ends: [Int32] = [-1, -1]
        precondition(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        var options = SharedMemoryOptions()
        options.ringSize = Self.ringSize
        options.copiesAllFrames = flags & 1 != 0
        var configuration = Configuration()
        configuration.wait = .block
        configuration.sharedMemory = options
        configuration.maximumFrameLength = 20_000
        configuration.receiveRingSize = 8_192
        configuration.spanningBudget = 1 << 20
        configuration.outboundLimit = 1 << 20
        // No send waits: all that is queued in a run is less.
        configuration.coalescing = CoalescingPolicy(thresholdBytes: 1 << 20)
        do throws(TransportError) {
            let lends = flags & 4 != 0
            let peer = try LanePeerActor(
                socket: ends[0], LaneOffer(options, wait: .block), wrongFile: wrongFile, lending: lends ? memory : nil)
            var run = try LaneRun(Connection(connectingTo: .descriptor(ends[1]), configuration: configuration))
            if flags & 2 == 0 { if let wrong = run.agree(with: peer) { return wrong } }
            for _ in 0..<24 {
                peer.act(&input)
                if let wrong = run.act(&input, with: peer) { return wrong }
                guard let error = run.error else { continue }
                let allowed = isCanary ? Self.errors.subtracting([.invalidSharedMemory]) : Self.errors
                return !allowed.contains(error.code) || peer.isHonest && !peer.isGone ? "\(error)" : nil
            }
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// The end under test.
private struct LaneRun: ~Copyable {
    var connection: Connection
    private var received = 0
    private(set) var error: TransportError?
    private var leases: [KeptLease] = []
    /// The next loaned frame is leased.
    private var wantsLease = false

    init(_ connection: consuming Connection) { self.connection = connection }

    /// The honest set-up. What is wrong, if it does not come to its end.
    mutating func agree(with peer: LanePeerActor) -> String? {
        peer.greet()
        _ = receive(with: peer)
        peer.say(kind: .laneAccepted)
        _ = receive(with: peer)
        peer.say(kind: .laneSwitch)
        _ = receive(with: peer)
        return connection.lane.sending == .sharedMemory && connection.lane.receiving == .sharedMemory ? nil : "\(connection.lane)"
    }

    mutating func act(_ input: inout FuzzInput, with peer: LanePeerActor) -> String? {
        switch input.byte() & 7 {
        case 0: send(count: input.byte() * 4)
        case 1: passing { (connection: inout Connection) throws(TransportError) in try connection.flush(within: .zero) }
        case 2: return peer.lentPools == nil ? nil : actWithLoans(input.byte() & 3, length: input.byte() * 64, with: peer)
        default: return receive(with: peer)
        }
        return nil
    }

    private mutating func actWithLoans(_ choice: Int, length: Int, with peer: LanePeerActor) -> String? {
        switch choice {
        case 0: wantsLease = true
        case 1:
            guard let lease = leases.popLast() else { return nil }
            guard !peer.isHonest || lease.bytes == peer.frames[lease.frame] else { return "what is leased is \(lease.bytes)" }
            peer.isGivenBack(lease.frame)
        default:
            // It would wait for room in the ring.
            guard unsafe connection.outbound.pointee.isInRing, unsafe connection.outbound.pointee.room > 256 else { return nil }
            passing { (connection: inout Connection) throws(TransportError) in
                guard var loan = try connection.loan(byteCount: length) else { return }
                var bytes = loan.mutableBytes
                for offset in bytes.byteOffsets { bytes.storeBytes(of: 0xA5, toByteOffset: offset, as: UInt8.self) }
                if choice == 2 { try connection.send(loan) }
            }
        }
        return nil
    }

    /// A send waits when so much is queued that a ring is published: the peer does not read.
    private mutating func send(count: Int) {
        guard unsafe connection.outbound.pointee.queuedBytes + count + 2 * NativeHeader.length < SharedLane.publishingThreshold else { return }
        let payload = [UInt8](repeating: 0xA5, count: count)
        passing { (connection: inout Connection) throws(TransportError) in unsafe try connection.send(payload.span.bytes) }
    }

    /// Everything that is there.
    private mutating func receive(with peer: LanePeerActor) -> String? {
        while error == nil {
            var frame: [UInt8]?
            do {
                frame = try connection.receive(within: .zero) { frame, outbound in
                    if wantsLease, let lease = outbound.lease(frame) { leases.append(KeptLease(lease, of: received)) }
                    return unsafe frame.bytes.withUnsafeBytes { unsafe Array($0) }
                }
            } catch let error as TransportError {
                if error.code != .timedOut { self.error = error }
                return nil
            } catch { return "\(error)" }
            guard let frame else { return nil }
            let isLeased = leases.last?.frame == received
            if isLeased { wantsLease = false } else { peer.isGivenBack(received) }
            if peer.isHonest, received >= peer.frames.count || frame != peer.frames[received] { return "frame \(received) is \(frame)" }
            received += 1
        }
        return nil
    }

    private mutating func passing(_ body: (inout Connection) throws(TransportError) -> Void) {
        do throws(TransportError) { try body(&connection) } catch {
            if error.code != .timedOut { self.error = error }
        }
    }
}

private final class KeptLease {
    private let lease: FrameLease
    /// Of all that the peer has said.
    let frame: Int

    init(_ lease: consuming FrameLease, of frame: Int) {
        self.lease = lease
        self.frame = frame
    }

    var bytes: [UInt8] { Self.copy(of: lease) }

    private static func copy(of lease: borrowing FrameLease) -> [UInt8] {
        let bytes = lease.bytes
        return unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}
