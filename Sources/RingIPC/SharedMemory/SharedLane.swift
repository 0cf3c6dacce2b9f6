internal import CRingIPC

/// The shared memory of one connection, once both segments are mapped: one ring in each direction, and the socket for everything else.
///
/// Each direction is switched over by itself, by its sender. One thread uses it, that of the connection.
@safe
struct SharedLane: ~Copyable {
    private let own: SegmentOwner
    private let peer: PeerSegment
    private let ownRing: UnsafeMutableRawPointer
    private let ownRingSize: Int
    /// Bytes that are handed out at a time, unless a frame is longer: what was read is given back between two portions, and a writer goes on.
    let portion: Int
    let socket: Int32
    /// Frames are copied out of the ring before anybody looks at them.
    let copiesFrames: Bool
    /// Payloads from this length on travel by loan, where there is one.
    let loanThreshold: Int
    var producer: RingProducer<MappedWords>
    var consumer: RingConsumer<MappedWords>
    private var sleeper: Sleeper<MappedWords>
    private var doorbell: Doorbell<MappedWords>

    /// The peer has mapped our segment: we may switch.
    var isAccepted = false
    /// What we send goes into our ring.
    var isSending = false
    /// Our direction has ended on the socket, without a switch.
    var hasSaidGoodbye = false
    private var mayRing: Bool { isSending || hasSaidGoodbye }
    /// What the peer sends comes out of its ring.
    var isReceiving = false
    /// The socket has ended: whatever the peer has published is the last of it.
    var isSocketOver = false
    /// A doorbell found nobody.
    private var isPeerGone = false
    /// Bytes of the peer's ring that are lent to be parsed, since the position.
    var exposed = 0
    private var socketInput = LaneSocketInput()
    var outgoingLoans: OutgoingLoans
    var incomingLoans: IncomingLoans
    var pace = StreamPace()
    var coreSharing = CoreSharing()
    /// Bytes that were published or lent, as far as they are counted elsewhere.
    private var countedBytes: UInt64 = 0
    /// Calls of the kernel: doorbells, and looks at the socket.
    private(set) var callCount: UInt64 = 0

    init(
        own: consuming SharedSegment, peer: consuming PeerSegment, socket: Int32, copiesFrames: Bool, options: SharedMemoryOptions
    ) {
        let words = unsafe MappedWords(own: own.base, peer: peer.base)
        unsafe ownRing = unsafe own.base + SegmentLayout.headLength
        ownRingSize = own.layout.ringSize
        portion = peer.layout.ringSize / 8
        producer = RingProducer(words: words, size: own.layout.ringSize)
        consumer = RingConsumer(words: words, size: peer.layout.ringSize)
        sleeper = Sleeper(words: words)
        doorbell = Doorbell(words: words)
        doorbell.isNeeded = words.loadRelaxed(.neverSleeps) != 1
        self.socket = socket
        self.copiesFrames = copiesFrames
        let owner = SegmentOwner(own)
        self.own = owner
        self.peer = peer
        loanThreshold = options.loanBudget > 0 ? options.loanThreshold : .max
        outgoingLoans = OutgoingLoans(words: words, socket: socket, budget: options.loanBudget)
        incomingLoans = IncomingLoans(owner: owner, words: words, options: options)
    }

    /// Before the socket is closed: a peer whose doorbell then finds nobody learns here that everything was read.
    deinit { consumer.leave() }
}

extension SharedLane {
    /// Calls of the kernel since the last time.
    mutating func takeCallCount() -> UInt64 {
        defer { callCount = 0 }
        return callCount
    }

    /// Bytes that were published or lent since the last time.
    mutating func takeSentBytes() -> UInt64 {
        let sent = producer.published &+ outgoingLoans.sentBytes
        defer { countedBytes = sent }
        return sent &- countedBytes
    }
}

// MARK: Sending

extension SharedLane {
    /// Bytes after which a stream is published: less often than that the reader idles, and more often the line of the position travels more
    /// than it has to.
    static var publishingThreshold: Int { 16 << 10 }

    /// Bytes that are kept free at all times, so that a full ring can be ended in order.
    static var goodbyeRoom: Int { NativeHeader.length }

    /// Bytes of the longest frame that is put into the ring whole, header and padding included. The reader may keep an eighth back.
    var largestFrame: Int { ownRingSize - ownRingSize / 8 - Self.goodbyeRoom }

    /// Bytes of payload in one piece of a longer frame: the reader can work off some while further ones are written.
    var largestPiece: Int { ownRingSize / 4 - NativeHeader.length }

    /// Where the next frame is written. Bytes beyond the ring's end lie at its beginning, too.
    var front: UnsafeMutableRawPointer {
        unsafe ownRing + Int(truncatingIfNeeded: producer.position & (producer.size &- 1))
    }

    /// Behind the ring's bytes. What is written from here on lies at its front.
    var ringEnd: UnsafeMutableRawPointer { unsafe ownRing + ownRingSize }

    /// Bytes that may be written there, as far as the reader's position has been looked at.
    var room: Int { max(0, producer.room - Self.goodbyeRoom) }

    /// Writes a whole frame, for which there is room.
    mutating func append(_ frame: UnsafeRawBufferPointer) {
        let header = UInt64(littleEndian: unsafe frame.loadUnaligned(as: UInt64.self)) | producer.draft
        unsafe front.storeBytes(of: header.littleEndian, as: UInt64.self)
        unsafe UnsafeMutableRawBufferPointer(start: front + NativeHeader.length, count: frame.count - NativeHeader.length)
            .copyMemory(from: frame.dropping(NativeHeader.length))
        producer.advance(frame.count)
    }

    /// Makes what was written visible, and wakes a reader that sleeps.
    @inline(__always)
    mutating func publish() { if producer.publish(through: &doorbell) { ring() } }

    /// The same for a frame whose head has been written as that of a published one.
    @inline(__always)
    mutating func followHead() { if producer.followHead(through: &doorbell) { ring() } }

    /// Makes the cache lines of a next frame this processor's own, ahead of the frame; it is taken to be as long as what was published last.
    ///
    /// A store waits for its line, and all stores behind it wait with it, in a queue of some dozens. Those of a frame fill that with few lines. One
    /// store for each line has as many lines travel at the same time as there are places. A prefetch for writing, tried before, gained little.
    ///
    /// The first line is left alone: the reader looks at the head of the frame there. The last one holds the zero behind the frame.
    @inline(__always)
    func prepareLines(for length: Int) {
        guard length > 2 * Self.cacheLine, !coreSharing.isShared, length <= room else { return }
        unsafe Self.storeToLines(at: front, min(length, Self.longestPrepared))
    }

    /// The same behind a publication of a stream, if that is what its writer is short of. A side that waits now, for it was none, still prepares.
    @inline(__always)
    func prepareStream() {
        if pace.isSlow { prepareLines(for: Int(truncatingIfNeeded: producer.lastLength)) }
    }

    /// So many bytes of a stream are written. Whoever has waited since the last publication writes none: that time would be the wait's.
    @inline(__always)
    mutating func noteWritten(_ bytes: Int) {
        if producer.lastLength == 0 { pace.forget() } else { pace.end(bytes: bytes) }
    }

    /// Bytes that were published last, for a side that waits: once for each publication.
    @inline(__always)
    mutating func takeLastLength() -> Int {
        defer { producer.lastLength = 0 }
        return Int(truncatingIfNeeded: producer.lastLength)
    }

    /// Not inlined: a round trip of a short frame would have the loop in its way.
    @inline(never)
    private static func storeToLines(at place: UnsafeMutableRawPointer, _ length: Int) {
        unsafe ringipc_touch_lines(place, length, cacheLine)
    }

    private static var longestPrepared: Int { 16 << 10 }

    /// Of the processors at hand; a wrong one costs nothing but time.
    static var cacheLine: Int { 64 }

    /// A doorbell has found the peer gone, and there is something in the ring that nobody will read.
    mutating func hasLostFrames() throws(TransportError) -> Bool {
        guard isPeerGone else { return false }
        return try !producer.isAllRead()
    }

    /// Only when everything else has left by the socket, for a doorbell must not get between the bytes of a frame. Before it, what is still to
    /// leave wakes the peer as well; whoever has given room back tries to send that, the switch or a goodbye at the least.
    ///
    /// A socket that is full needs no doorbell: its reader has something to read, and does not sleep.
    ///
    /// Not inlined: the word on the stack would cost every publication a guard of the stack.
    @inline(never)
    private mutating func ring() {
        guard mayRing else { return }
        callCount &+= 1
        var word = NativeHeader.word(kind: .doorbell).littleEndian
        let result = unsafe ringipc_send(socket, &word, NativeHeader.length, Int32(MSG_DONTWAIT))
        if result == -Int(EPIPE) || result == -Int(ECONNRESET) { isPeerGone = true }
    }

    /// Tells the peer by the socket that everything from here on is in the ring. `false` while the socket is full.
    ///
    /// Nothing may be queued for the socket any more.
    mutating func switchSending() throws(TransportError) -> Bool {
        var word = NativeHeader.word(kind: .laneSwitch).littleEndian
        let result = unsafe ringipc_send(socket, &word, NativeHeader.length, Int32(MSG_DONTWAIT))
        if result == -Int(EAGAIN) || result == -Int(EINTR) { return false }
        guard result == NativeHeader.length else { throw TransportError(systemError: Int32(-result), during: .send) }
        isSending = true
        return true
    }
}

// MARK: Receiving

extension SharedLane {
    var ringBase: UnsafeRawPointer { unsafe peer.base + SegmentLayout.headLength }
    var peerRingSize: Int { peer.layout.ringSize }
    /// Where unread bytes begin in the ring.
    var unreadOffset: Int { Int(truncatingIfNeeded: consumer.position & (consumer.size &- 1)) }
    /// The unread bytes themselves. Those beyond the ring's end lie at its beginning, too.
    var unread: UnsafeRawPointer { unsafe ringBase + unreadOffset }
    /// The line of the peer's position. It is stored behind the head of a frame.
    var positionLine: UnsafeRawPointer { unsafe peer.base + LaneWord.writePosition.offset }

    /// Asks for the cache lines of what has just come, all at once: a reader comes to them one after the other, and behind the header. Shorter frames
    /// have one line more than that of their head; where there is more, the processor is ahead of the reader by itself.
    @inline(__always)
    func fetchLines(at place: UnsafeRawPointer, _ count: Int) {
        if count > 2 * Self.cacheLine, count <= Self.longestFetched, !coreSharing.isShared { unsafe Self.fetchEach(at: place, count) }
    }

    @inline(never)
    private static func fetchEach(at place: UnsafeRawPointer, _ length: Int) {
        var offset = 0
        while offset < length {
            unsafe ringipc_prefetch(place + offset)
            offset &+= cacheLine
        }
    }

    private static var longestFetched: Int { 8 << 10 }

    /// `count` bytes were read.
    @inline(__always)
    mutating func release(_ count: Int) { if consumer.release(count, through: &doorbell) { ring() } }

    private mutating func giveBackAll() { if consumer.publish(through: &doorbell) { ring() } }

    /// Takes off what the socket has: doorbells, pools of loans, and its end.
    mutating func readSocket() throws(TransportError) {
        callCount &+= 1
        if try socketInput.read(socket, into: &incomingLoans) == .end { isSocketOver = true }
    }

    /// Waits at the socket, for a doorbell or its end. In a single call: once poll(2) has returned, two more would take the doorbell off.
    mutating func awaitSocket() throws(TransportError) {
        callCount &+= 1
        if try socketInput.awaitInput(socket, into: &incomingLoans) == .end { isSocketOver = true }
    }

    /// What the socket brought behind the peer's switch.
    mutating func takeSocketInput(_ bytes: UnsafeRawBufferPointer) throws(TransportError) {
        try unsafe socketInput.take(bytes, into: &incomingLoans)
    }

    /// A descriptor that came with bytes for ``takeSocketInput(_:)``. `false`, and it was closed, when there are too many.
    mutating func takePassed(_ descriptor: Int32) -> Bool { socketInput.passed.append(descriptor) }

    /// Takes a loan that the ring speaks of; see ``IncomingLoans/take(_:)``.
    @inline(__always)
    mutating func takeLoan(_ loan: LoanDescription) throws(TransportError) -> UnsafeRawBufferPointer {
        // An honest peer has passed the pool before, by the socket.
        if !incomingLoans.knows(loan.pool) { try readSocket() }
        return unsafe try incomingLoans.take(loan)
    }
}

// MARK: Sleeping

extension SharedLane {
    /// What a side waits for: frames, room for so many bytes, whichever of both comes first; or neither, and then only the socket.
    struct Wish {
        var isForData = false
        var room: Int?

        static var data: Wish { Wish(isForData: true) }
        static func room(_ count: Int) -> Wish { Wish(room: count) }
        static func dataOrRoom(_ count: Int) -> Wish { Wish(isForData: true, room: count) }

        var isNone: Bool { !isForData && room == nil }
    }

    /// Whether it is there, looking at the peer's position if it was not before.
    mutating func has(_ wish: Wish) throws(TransportError) -> Bool {
        if wish.isForData, try consumer.hasBytes() { return true }
        guard let room = wish.room else { return false }
        return try producer.hasRoom(for: room + Self.goodbyeRoom)
    }

    /// Announces a sleep, after which the peer rings. Returns `false`, and nothing is announced, when what is waited for is there by now.
    mutating func prepareSleep(_ wish: Wish) throws(TransportError) -> Bool {
        // The peer could wait for what is held back here.
        publish()
        giveBackAll()
        var reasons = SleepReasons()
        if wish.isForData { reasons.insert(.data) }
        if wish.room != nil { reasons.insert(.room) }
        sleeper.announce(reasons)
        guard try has(wish) else { return true }
        sleeper.wakeUp()
        return false
    }

    mutating func wakeUp() { sleeper.wakeUp() }
}
