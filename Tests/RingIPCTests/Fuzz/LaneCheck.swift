import Glibc

@testable import RingIPC

/// A blocking connection whose peer says any bytes by the socket, passes any descriptors, and writes anything into its segment: positions, headers,
/// payloads, sleeping words.
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

    init(isCanary: Bool = false) {
        self.isCanary = isCanary
        // Not sealed.
        wrongFile = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
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
            let peer = try LanePeerActor(socket: ends[0], LaneOffer(options, wait: .block), wrongFile: wrongFile)
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
        case 2: return nil
        default: return receive(with: peer)
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
                frame = try connection.receive(within: .zero) { frame, _ in unsafe frame.bytes.withUnsafeBytes { unsafe Array($0) } }
            } catch let error as TransportError {
                if error.code != .timedOut { self.error = error }
                return nil
            } catch { return "\(error)" }
            guard let frame else { return nil }
            guard peer.isHonest else { continue }
            guard received < peer.frames.count, frame == peer.frames[received] else { return "frame \(received) is \(frame)" }
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

/// The end that the input drives.
private final class LanePeerActor {
    private let socket: Int32
    private let offer: LaneOffer
    private let wrongFile: Int32
    private var written: UInt64 = 0
    private var isOpen = true
    /// It has broken no rule so far.
    private(set) var isHonest = true
    private(set) var isGone = false
    /// What it has said in order.
    private(set) var frames: [[UInt8]] = []
    private var isSwitched = false

    init(socket: Int32, _ offer: consuming LaneOffer, wrongFile: Int32) {
        self.socket = socket
        self.offer = offer
        self.wrongFile = wrongFile
    }

    deinit { if isOpen { close(socket) } }

    func greet() { try? offer.sendHello(maximumFrameLength: 20_000, over: socket) }

    func say(kind: FrameKind) {
        if kind == .laneSwitch { isSwitched = true }
        // An answer says what loans are taken: none.
        write(kind == .laneAccepted ? word(UInt64(kind.rawValue) << 32 | 8) + word(0) : word(UInt64(kind.rawValue) << 32))
    }

    func act(_ input: inout FuzzInput) {
        dropInput()
        switch input.byte() % 12 {
        case 0, 1: sayFrame(count: input.byte())
        case 2: write(word(UInt64(FrameKind.doorbell.rawValue) << 32), isAllowed: isSwitched)
        case 3: set(.sleeping, UInt64(input.byte()))
        case 4: lie { store(number(&input), .writePosition) }
        case 5: lie { store(number(&input), .readPosition) }
        case 6: lie { write(word(number(&input))) }
        case 7: lie { write((0..<(input.byte() & 63)).map { _ in UInt8(input.byte()) }) }
        case 8: lie { putHeader(&input) }
        case 9: lie { put((0..<(input.byte() & 63)).map { _ in UInt8(input.byte()) }) }
        case 10: lie { pass(&input) }
        default:
            guard input.byte() & 7 == 0 else { return }
            isGone = true
            if isOpen { close(socket) }
            isOpen = false
        }
    }

    private func lie(_ act: () -> Void) {
        isHonest = false
        act()
    }

    /// A small number, or a large one; often near a position.
    private func number(_ input: inout FuzzInput) -> UInt64 {
        let (choice, step) = (input.byte(), UInt64(input.byte()))
        switch choice & 3 {
        case 0: return written &+ step &* 8 &- 256
        case 1: return step << UInt64(choice >> 2)
        case 2: return step | UInt64(input.byte() & 15) << 32
        default: return written &+ step
        }
    }

    // MARK: The socket

    private func write(_ bytes: [UInt8], isAllowed: Bool = true) {
        isHonest = isHonest && isAllowed
        guard isOpen, !bytes.isEmpty else { return }
        _ = unsafe send(socket, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }

    private func pass(_ input: inout FuzzInput) {
        guard isOpen else { return }
        let files = [[wrongFile], [offer.segment.descriptor ?? wrongFile], [wrongFile, wrongFile]][input.byte() % 3]
        let hello = Hello(features: UInt64(input.byte() & 1), maximumFrameLength: 20_000)
        var bytes = [UInt8](repeating: 0, count: Hello.encodedLength)
        unsafe bytes.withUnsafeMutableBytes { unsafe hello.write(to: $0.baseAddress!) }
        _ = sendPassing(files, with: input.byte() & 1 == 0 ? bytes : word(UInt64(FrameKind.doorbell.rawValue) << 32), to: socket)
    }

    /// What the other side says is not looked at; a full socket would be the end of doorbells.
    private func dropInput() {
        guard isOpen else { return }
        var memory = [UInt8](repeating: 0, count: 4_096)
        while unsafe recv(socket, &memory, memory.count, Int32(MSG_DONTWAIT)) > 0 {}
    }

    private func word(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    // MARK: The segment

    private func set(_ word: LaneWord, _ value: UInt64) {
        unsafe offer.segment.base.storeBytes(of: value, toByteOffset: word.offset, as: UInt64.self)
    }

    private func store(_ value: UInt64, _ word: LaneWord) {
        set(word, value)
        if word == .writePosition { written = value }
    }

    private func put(_ bytes: [UInt8]) {
        for (index, byte) in bytes.enumerated() {
            let place = Int((written &+ UInt64(index)) & UInt64(offer.segment.layout.ringSize - 1))
            unsafe offer.segment.base.storeBytes(of: byte, toByteOffset: SegmentLayout.headLength + place, as: UInt8.self)
        }
    }

    private func putHeader(_ input: inout FuzzInput) {
        let bytes = word(UInt64(input.byte()) | UInt64(input.byte() % 10) << 32) + word(UInt64(input.byte()) << UInt64(input.byte() & 7))
        put(bytes)
        written &+= UInt64(input.byte() & 31) &* 8
        set(.writePosition, written)
    }

    /// A frame by the rules, if there is certainly room for it.
    private func sayFrame(count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ frames.count) }
        let frame = word(UInt64(count)) + payload + [UInt8](repeating: 0, count: (8 - count % 8) % 8)
        guard isSwitched else { return lie { write(frame) } }
        if isHonest, written + UInt64(frame.count) > UInt64(offer.segment.layout.ringSize) { return }
        put(frame)
        written &+= UInt64(frame.count)
        set(.writePosition, written)
        frames.append(payload)
    }
}
