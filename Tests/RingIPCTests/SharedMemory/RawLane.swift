import Glibc
import Synchronization
import Testing

@testable import RingIPC

/// The other end of a connection with a lane, in this process and without the library's connection: it passes any descriptors, and writes what it
/// likes into its own segment, when it likes.
final class RawLane {
    let socket: RawPeer
    /// For `Endpoint.descriptor`: the survivor's end.
    let descriptor: Int32
    let own: SharedSegment
    /// The survivor's, once it has come.
    private var theirs: Segment?
    /// Bytes that it has written into its ring.
    var written: UInt64 = 0
    private var published: UInt64 = 0
    /// Bytes that it has read of the survivor's.
    private var read: UInt64 = 0

    static let ringSize = 4_096

    init() throws {
        let (socket, descriptor) = RawPeer.pair()
        self.socket = socket
        self.descriptor = descriptor
        own = try SharedSegment(ringSize: Self.ringSize)
    }

    // MARK: The socket

    /// Sends the bytes, and the descriptors with the first of them.
    func send(_ bytes: [UInt8], passing descriptors: [Int32] = []) throws {
        guard !descriptors.isEmpty else { return try socket.write(bytes) }
        guard sendPassing(descriptors, with: bytes, to: socket.descriptor) else { throw RawPeer.Failed(call: "sendmsg", number: errno) }
    }

    /// Its hello, with its segment unless it is told to pass something else.
    func greet(passing descriptors: [Int32]? = nil) throws {
        try send(WireBytes.hello(features: 1), passing: descriptors ?? [own.descriptor!])
    }

    static func header(_ kind: UInt8, length: Int = 0) -> [UInt8] { WireBytes.little(UInt64(length) | UInt64(kind) << 32, 8) }
    /// Its answer; it takes no loans.
    static let accepted = header(2, length: 8) + [0, 0, 0, 0, 0, 0, 0, 0]
    static let refused = header(3), laneSwitch = header(4), doorbell = header(5)

    /// Reads the survivor's hello, and maps what came with it.
    func meet() throws {
        let passed = try #require(try receiveDescriptor())
        theirs = Segment(try adopt(passed))
    }

    private final class Segment {
        let segment: PeerSegment
        init(_ segment: consuming PeerSegment) { self.segment = segment }
    }

    /// What came with the hello.
    private func receiveDescriptor() throws -> Int32? {
        let received = receivePassing(Hello.encodedLength, from: socket.descriptor)
        guard let received, received.bytes.count == Hello.encodedLength else { throw RawPeer.Failed(call: "recvmsg", number: errno) }
        return received.descriptor
    }

    func expect(_ bytes: [UInt8]) throws {
        let got = try socket.read(exactly: bytes.count)
        guard got == bytes else { throw Unexpected(bytes: got) }
    }

    /// The survivor's answer, whatever loans it takes.
    func expectAccepted() throws {
        try expect(Self.header(2, length: 8))
        _ = try socket.read(exactly: 8)
    }

    struct Unexpected: Error { let bytes: [UInt8] }

    /// The whole set-up, after which both directions are in the rings.
    func agree() throws {
        try meet()
        try greet()
        try expectAccepted()
        try send(Self.accepted)
        try expect(Self.laneSwitch)
        try send(Self.laneSwitch)
    }

    /// The rest of the set-up with a survivor that sends frames all the time, up to its switch. Both hellos are through.
    func agreeBehindData() throws {
        try pass(to: Self.header(2, length: 8))
        _ = try socket.read(exactly: 8)
        try send(Self.accepted)
        try pass(to: Self.laneSwitch)
        try send(Self.laneSwitch)
    }

    private func pass(to wanted: [UInt8]) throws {
        while true {
            let header = try socket.read(exactly: NativeHeader.length)
            if header == wanted { return }
            guard header[4] == 0 else { throw Unexpected(bytes: header) }
            let length = header[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
            _ = try socket.read(exactly: (length + 7) / 8 * 8)
        }
    }

    // MARK: Its segment, and a look at the other

    func set(_ word: LaneWord, _ value: UInt64) {
        unsafe (own.base + word.offset).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.store(value, ordering: .releasing)
    }

    func theirWord(_ word: LaneWord) -> UInt64 {
        guard let theirs else { return 0 }
        return unsafe (theirs.segment.base + word.offset).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(ordering: .acquiring)
    }

    /// Writes bytes into its ring, which nobody sees before ``publish()``: until then their first word is a draft. That is stored at once, since a
    /// reader that spins looks at it all the time.
    func put(_ bytes: [UInt8]) {
        var rest = bytes[...]
        if written == published, written % 8 == 0, bytes.count >= 8 {
            let header = rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
            set(.head(at: written, inRingOf: UInt64(Self.ringSize)), header | NativeHeader.draft)
            written += 8
            rest = rest.dropFirst(8)
        }
        for byte in rest {
            store(byte, at: written)
            written += 1
        }
    }

    /// Makes the first word valid after the one behind is zero, and then tells the position.
    func publish() {
        guard written >= published + 8 else { return set(.writePosition, written) }
        // An honest peer keeps room for it; one that lies may not.
        if written + 8 <= theirWord(.readPosition) + UInt64(Self.ringSize) { set(.head(at: written, inRingOf: UInt64(Self.ringSize)), 0) }
        let head = LaneWord.head(at: published, inRingOf: UInt64(Self.ringSize))
        set(head, unsafe own.base.load(fromByteOffset: head.offset, as: UInt64.self) & ~NativeHeader.draft)
        published = written
        set(.writePosition, written)
    }

    private func store(_ byte: UInt8, at position: UInt64) {
        let place = SegmentLayout.headLength + Int(position % UInt64(Self.ringSize))
        unsafe own.base.storeBytes(of: byte, toByteOffset: place, as: UInt8.self)
    }

    /// A survivor that is gone by now, or whose socket is full, needs none.
    func ring() { _ = socket.writeUntilFull(Self.doorbell) }

    /// Waits for a frame of the survivor's, and reads it without giving it back.
    func take() throws -> [UInt8] {
        try wait("a frame") { $0.theirWord(.writePosition) > $0.read }
        let header = bytes(at: read, NativeHeader.length)
        guard header[4] == 0 else { throw Unexpected(bytes: header) }
        let length = header[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
        defer { read += UInt64(NativeHeader.length + (length + 7) / 8 * 8) }
        return bytes(at: read + UInt64(NativeHeader.length), length)
    }

    func giveBack() { set(.readPosition, read) }

    /// Of the survivor's ring, which is mapped twice in a row.
    private func bytes(at position: UInt64, _ count: Int) -> [UInt8] {
        guard let theirs else { return [] }
        let start = unsafe theirs.segment.base + SegmentLayout.headLength + Int(position % UInt64(Self.ringSize))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Bytes, published, and the doorbell.
    func say(_ bytes: [UInt8]) {
        put(bytes)
        publish()
        ring()
    }

    /// Waits until the survivor has given back so much.
    func expectRead(_ position: UInt64) throws {
        try wait("what was read") { $0.theirWord(.readPosition) >= position }
    }

    /// Waits until the survivor has published so much.
    func expectWritten(_ position: UInt64) throws {
        try wait("what was written") { $0.theirWord(.writePosition) >= position }
    }

    /// Waits until the survivor's ring has no room for a frame of so many bytes.
    func awaitFull(_ count: Int) throws {
        try wait("a full ring") { $0.theirWord(.writePosition) + UInt64(count) + 24 > UInt64(Self.ringSize) }
    }

    /// Waits until the survivor has announced a sleep for that.
    func awaitSleep(_ reason: SleepReasons) throws {
        try wait("a sleep") { $0.theirWord(.sleeping) & reason.rawValue != 0 }
    }

    private func wait(_ what: String, until isSo: (RawLane) -> Bool) throws {
        let limit = ContinuousClock.now + safetyNet
        while !isSo(self) {
            if ContinuousClock.now > limit { throw TookTooLong(what: what) }
            sched_yield()
        }
    }
}
