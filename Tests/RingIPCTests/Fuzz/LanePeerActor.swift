import Glibc

@testable import RingIPC

/// The end that the input drives.
final class LanePeerActor {
    private let socket: Int32
    private let offer: LaneOffer
    let wrongFile: Int32
    private var written: UInt64 = 0
    private var isOpen = true
    /// It has broken no rule so far.
    private(set) var isHonest = true
    private(set) var isGone = false
    /// What it has said in order.
    var frames: [[UInt8]] = []
    private(set) var isSwitched = false
    /// `nil` when it does not lend.
    var lentPools: LentPools?

    init(socket: Int32, _ offer: consuming LaneOffer, wrongFile: Int32, lending memory: LoanPool?) {
        self.socket = socket
        self.offer = offer
        self.wrongFile = wrongFile
        lentPools = memory.map(LentPools.init)
    }

    deinit { if isOpen { close(socket) } }

    func greet() { try? offer.sendHello(maximumFrameLength: 20_000, over: socket) }

    func say(kind: FrameKind) {
        if kind == .laneSwitch { isSwitched = true }
        // An answer says how many bytes of loans are taken.
        let limit = word(lentPools == nil ? 0 : 1 << 20)
        write(kind == .laneAccepted ? word(UInt64(kind.rawValue) << 32 | 8) + limit : word(UInt64(kind.rawValue) << 32))
    }

    func act(_ input: inout FuzzInput) {
        dropInput()
        switch input.byte() % (lentPools == nil ? 12 : 18) {
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
        case 12...: lend(&input)
        default:
            guard input.byte() & 7 == 0 else { return }
            isGone = true
            if isOpen { close(socket) }
            isOpen = false
        }
    }

    func lie(_ act: () -> Void) {
        isHonest = false
        act()
    }

    /// A small number, or a large one; often near a position.
    func number(_ input: inout FuzzInput) -> UInt64 {
        let (choice, step) = (input.byte(), UInt64(input.byte()))
        switch choice & 3 {
        case 0: return written &+ step &* 8 &- 256
        case 1: return step << UInt64(choice >> 2)
        case 2: return step | UInt64(input.byte() & 15) << 32
        default: return written &+ step
        }
    }

    // MARK: The socket

    func write(_ bytes: [UInt8], isAllowed: Bool = true) {
        isHonest = isHonest && isAllowed
        guard isOpen, !bytes.isEmpty else { return }
        _ = unsafe send(socket, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }

    func pass(_ files: [Int32], _ bytes: [UInt8]) { if isOpen { _ = sendPassing(files, with: bytes, to: socket) } }

    private func pass(_ input: inout FuzzInput) {
        let files = [[wrongFile], [offer.segment.descriptor ?? wrongFile], [wrongFile, wrongFile]][input.byte() % 3]
        let hello = Hello(features: UInt64(input.byte() & 1), maximumFrameLength: 20_000)
        var bytes = [UInt8](repeating: 0, count: Hello.encodedLength)
        unsafe bytes.withUnsafeMutableBytes { unsafe hello.write(to: $0.baseAddress!) }
        pass(files, input.byte() & 1 == 0 ? bytes : word(UInt64(FrameKind.doorbell.rawValue) << 32))
    }

    /// What the other side says is not looked at; a full socket would be the end of doorbells.
    private func dropInput() {
        guard isOpen else { return }
        var memory = [UInt8](repeating: 0, count: 4_096)
        while unsafe recv(socket, &memory, memory.count, Int32(MSG_DONTWAIT)) > 0 {}
    }

    func word(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    // MARK: The segment

    func set(_ word: LaneWord, _ value: UInt64) {
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
        let payload = payload(count: count)
        guard isSwitched else { return lie { write(frame(payload)) } }
        if putInOrder(frame(payload)) { frames.append(payload) }
    }

    /// Behind what it has said, and published. `false` when there may be no room for it.
    @discardableResult
    func putInOrder(_ frame: [UInt8]) -> Bool {
        guard isSwitched else {
            isHonest = false
            return false
        }
        if isHonest, written + UInt64(frame.count) > UInt64(offer.segment.layout.ringSize) { return false }
        put(frame)
        written &+= UInt64(frame.count)
        set(.writePosition, written)
        return true
    }

    /// Of the next frame: each is another.
    func payload(count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ frames.count) } }

    func frame(_ payload: [UInt8]) -> [UInt8] {
        word(UInt64(payload.count)) + payload + [UInt8](repeating: 0, count: (8 - payload.count % 8) % 8)
    }
}
