import Glibc

@testable import RingIPC

/// The other side of a connection's lane, of which a test writes every word: on the socket, into its segment, into pools of loans.
///
/// The connection itself runs on the test's thread: what this side sends lies in the socket and in the ring before it looks.
final class LaneByHand {
    let socket: RawPeer
    /// For `Endpoint.descriptor`: the connection's end.
    let descriptor: Int32
    private let segment: SharedSegment
    private var written = 0

    /// Offers a segment, accepts that of the connection, and switches.
    ///
    /// - Parameter loanLimit: bytes of pools that it says it maps.
    init(loanLimit: UInt64 = 64 << 20) throws {
        (socket, descriptor) = RawPeer.pair()
        segment = try SharedSegment(ringSize: 64 << 10)
        try socket.write(WireBytes.hello(features: Hello.sharedMemory), passing: segment.descriptor!)
        try socket.write(WireBytes.lane(.laneAccepted, loanLimit) + WireBytes.lane(.laneSwitch))
    }

    /// Everything that a connection has to read until it takes frames out of the ring, and its answer.
    static func configuration(_ change: (inout SharedMemoryOptions) -> Void = { _ in }) -> Configuration {
        .with {
            $0.wait = .block
            $0.sharedMemory = .with(change)
        }
    }

    /// The other end of a lane that was just made, which has switched and may lend. What it has sent until then is read.
    static func openedConnection(_ lane: LaneByHand) throws -> Connection {
        var connection = try Connection(connectingTo: .descriptor(lane.descriptor), configuration: configuration())
        lane.put(WireBytes.frame([1], .native))
        _ = try connection.receive(within: safetyNet) { _, _ in }
        try connection.flush()
        // Hello, answer, switch.
        _ = try lane.socket.readPassed(1_000)
        return connection
    }

    /// Announces a pool on the socket. Its descriptor stays the test's.
    func pass(_ pool: LoanPoolAnnouncement, _ file: Int32?) throws {
        let frame = WireBytes.lane(.loanPool, pool.words.0, pool.words.1)
        if let file { try socket.write(frame, passing: file) } else { try socket.write(frame) }
    }

    /// Writes a frame into the ring and publishes it. The connection does not look meanwhile.
    func put(_ frame: [UInt8]) {
        unsafe (segment.base + SegmentLayout.headLength + written).copyMemory(from: frame, byteCount: frame.count)
        written += frame.count
        set(.writePosition, to: UInt64(written))
    }

    func lend(_ pool: UInt32, _ chunk: UInt32, _ length: UInt64) {
        put(WireBytes.lane(.loan, UInt64(pool) | UInt64(chunk) << 32, length))
    }

    func set(_ word: LaneWord, to value: UInt64) { unsafe segment.base.storeBytes(of: value, toByteOffset: word.offset, as: UInt64.self) }
}

/// A pool of loans that a test writes, sealed as it wants.
@safe
final class PoolByHand {
    let descriptor: Int32
    let file: MemoryFile
    let memory: UnsafeMutableRawBufferPointer
    let layout: LoanPoolLayout

    init(chunkSizeBits: Int = 16, count: Int = 2, size: Int? = nil, without missing: Int32 = 0) throws {
        layout = LoanPoolLayout(chunkSizeBits: chunkSizeBits, count: count)!
        let made = try SharedSegment.makeFile(size ?? layout.byteCount)
        descriptor = duplicate(made.number)
        file = MemoryFile(descriptor)
        let length = max(size ?? 0, layout.byteCount)
        let address = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        unsafe memory = unsafe UnsafeMutableRawBufferPointer(start: address, count: length)
        try SharedSegment.seal(made, SharedSegment.seals & ~missing)
    }

    deinit {
        _ = unsafe munmap(memory.baseAddress!, memory.count)
        _ = close(descriptor)
    }

    func announcement(_ number: UInt32 = 1, place: Int = 0) -> LoanPoolAnnouncement {
        LoanPoolAnnouncement(number: number, place: place, layout: layout)
    }

    /// Puts a frame into a chunk. Returns its length.
    @discardableResult
    func write(_ frame: [UInt8], in chunk: Int) -> UInt64 {
        unsafe (memory.baseAddress! + layout.frameOffset(of: chunk)).copyMemory(from: frame, byteCount: frame.count)
        return UInt64(frame.count)
    }

    func fill(_ chunk: Int, _ count: Int, seed: Int) -> UInt64 {
        write(WireBytes.frame(Pattern.bytes(count, seed: seed), .native), in: chunk)
    }

    /// Only the test itself has it open or mapped.
    var isAlone: Bool { file.mappingCount == 1 && file.openCount == 1 }
}

extension WireBytes {
    /// A frame of the lane with words of payload.
    static func lane(_ kind: FrameKind, _ words: UInt64...) -> [UInt8] {
        let header = NativeHeader.word(kind: kind, payloadLength: UInt32(8 * words.count))
        return ([header] + words).flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
}

extension RawPeer {
    func write(_ bytes: [UInt8], passing passed: Int32) throws {
        guard sendPassing([passed], with: bytes, to: descriptor) else { throw Failed(call: "sendmsg", number: errno) }
    }

    /// Up to `count` bytes, and the descriptor that came with them.
    func readPassed(_ count: Int) throws -> ([UInt8], Int32?) {
        guard let received = receivePassing(count, from: descriptor) else { throw Failed(call: "recvmsg", number: errno) }
        return received
    }
}

/// Waits for what another thread of the library does, without sleeping.
func awaitUntil(_ what: String, _ condition: () throws -> Bool) throws {
    let limit = ContinuousClock.now + safetyNet
    while try !condition() {
        if ContinuousClock.now > limit { throw TookTooLong(what: what) }
        sched_yield()
    }
}
