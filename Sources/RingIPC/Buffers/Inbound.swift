/// The receiving side of a connection that has a ring of its own: bytes go in at one end, whole frames come out at the other.
@safe
@usableFromInline
struct Inbound: ~Copyable {
    @usableFromInline var parser: FrameParser
    @usableFromInline var ring: MirroredRing
    /// A frame that is longer than the ring.
    var spanning = SpanningFrame()
    var budget: SpanningBudget
    /// Bytes of the whole spanning frame, or 0 when there is none.
    var spanningLength = 0
    @usableFromInline var framesReceived: UInt64 = 0
    var copiedBytes: UInt64 = 0

    /// The pieces of a frame that does not fit the peer's ring of shared memory, and bytes of the whole frame, or 0 when there is none.
    var pieces = SpanningFrame()
    var pieceLength = 0
    /// The ring is the peer's.
    var isInPlace = false
    /// The connection's shared memory, once the peer has switched to it: where loans are given back.
    var lane: UnsafeMutablePointer<SharedLane>?
    /// The frame of the loan that is being read in place, or nothing.
    var loaned = unsafe UnsafeRawBufferPointer(start: nil, count: 0)

    init(configuration: Configuration) throws(TransportError) {
        parser = FrameParser(format: configuration.format, maximumFrameLength: configuration.maximumFrameLength)
        ring = try MirroredRing(size: configuration.receiveRingSize, during: .connect)
        budget = SpanningBudget(configuration)
        parser.rules.endsAtLaneFrames = configuration.sharedMemory != nil
        isAwaitingHello = configuration.format == .native
        isOrdinary = !isAwaitingHello
    }

    /// Bytes in which whole frames may be found.
    var readable: UnsafeRawBufferPointer { unsafe isOrdinary ? ring.readable : readableElsewhere }

    /// The same for the loops over frames. For a property of what a pointer points to, the compiler copies the whole of it first, and the same of
    /// the connection that has the pointer; hence a function of the pointer, which reads field by field.
    @inlinable
    @inline(__always)
    static func readable(of inbound: UnsafeMutablePointer<Inbound>) -> UnsafeRawBufferPointer {
        guard unsafe inbound.pointee.isOrdinary else { return unsafe readableElsewhere(of: inbound) }
        return unsafe UnsafeRawBufferPointer(
            start: inbound.pointee.ring.base + inbound.pointee.ring.head, count: inbound.pointee.ring.count)
    }

    @usableFromInline
    @inline(never)
    static func readableElsewhere(of inbound: UnsafeMutablePointer<Inbound>) -> UnsafeRawBufferPointer {
        unsafe inbound.pointee.readableElsewhere
    }

    /// The ring begins with a frame: the peer's hello is off it, no frame spans, and none is loaned.
    @usableFromInline var isOrdinary: Bool

    var readableElsewhere: UnsafeRawBufferPointer {
        unsafe isSpanning && spanning.count == spanningLength ? spanning.bytes : loaned
    }

    var isSpanning: Bool { spanningLength > 0 }
    private(set) var isAwaitingHello: Bool

    /// The peer's hello, once it is there.
    mutating func takeHello() throws(TransportError) -> Hello? {
        let bytes = unsafe ring.readable
        guard let length = unsafe try Hello.encodedLength(ofHelloBeginningWith: bytes), bytes.count >= length else { return nil }
        let hello = unsafe try Hello(reading: bytes)
        ring.consume(length)
        isAwaitingHello = false
        isOrdinary = true
        return hello
    }

    @inlinable
    mutating func consume(_ count: Int) {
        if isOrdinary { ring.consume(count) } else { consumeSpanning(count) }
    }

    @usableFromInline
    mutating func consumeSpanning(_ count: Int) {
        guard count > 0 else { return }
        isOrdinary = true
        guard isSpanning else { return finishLoan() }
        spanning.giveBack(to: &budget)
        spanningLength = 0
    }

    /// Bytes of a frame that has begun and is not complete.
    var partialCount: Int { isSpanning ? spanning.count : ring.count + pieces.count }

    /// Where the next received bytes belong. Empty while whole frames fill the memory and wait to be read.
    mutating func memoryForReceive() throws(TransportError) -> UnsafeMutableRawBufferPointer {
        if isOrdinary, ring.count > 0 { try startSpanning() }
        guard isSpanning else { return unsafe ring.writable }
        guard spanning.count < spanningLength else { return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        guard let memory = unsafe spanning.spare(spanningLength - spanning.count, from: &budget) else {
            throw Self.overBudget(budget.limit)
        }
        return unsafe memory
    }

    /// A frame that will not fit the ring moves to memory that can grow, as soon as its length is known: the less of it has come, the less
    /// is copied.
    private mutating func startSpanning() throws(TransportError) {
        let bytes = unsafe ring.readable
        guard let length = unsafe parser.encodedLength(ofFrameBeginningWith: bytes), length > ring.size else { return }
        spanningLength = length
        isOrdinary = false
        let copied = unsafe spanning.append(bytes, from: &budget)
        copiedBytes &+= UInt64(copied)
        guard copied == bytes.count else { throw Self.overBudget(budget.limit) }
        ring.startAgain()
    }

    static func overBudget(_ limit: Int) -> TransportError {
        TransportError(
            .memoryExhausted, during: .receive,
            detail: "a frame needs more than the \(limit) bytes of spanningBudget, or the system has no memory for it")
    }

    mutating func markReceived(_ count: Int) {
        if isSpanning { spanning.markReceived(count) } else { ring.markReceived(count) }
    }
}
