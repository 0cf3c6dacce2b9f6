/// All that a loop keeps about one connection: a few hundred bytes, and a handler. Buffers are held only while something is in them.
@safe
struct ConnectionSlot: ~Copyable {
    enum Phase {
        /// Native format: the peer's hello is still to come.
        case awaitingHello
        case open
        /// Our goodbye is queued; what is queued is being sent.
        case finishing
        /// Everything is sent and our direction is shut down; input is dropped until the peer ends or has read all.
        case draining
        /// Over. The slot waits for the kernel to let go of what is under way.
        case dead
    }

    // What every message looks at comes first: with many connections, the cache lines that a message touches are what it costs.
    let id: ConnectionID
    let descriptor: Int32
    var phase: Phase

    // MARK: Receiving

    /// A receive is under way, and of which kind.
    var isReceiveArmed = false
    var isReceiveDirect = false
    /// What is under way only tells when there is something to receive.
    var isReceiveReadiness = false
    /// The armed receive was asked to end.
    var isReceiveCancelled = false
    /// Nothing is taken in: the outbound side is too full, the handler left frames, or there is no memory.
    var isPaused = false
    /// The handler wants no input until it is asked for again: nothing else ends this pause.
    var isHeldBack = false
    /// The handler queued frames when it was last given some. Only then does a full outbound side stop the reading: two sides that
    /// send much of their own accord, and do not read meanwhile, would wait for each other for ever.
    var isAnswering = false
    /// The stream has ended; what is held is still to be read.
    var isEndOfStream = false
    /// The peer said goodbye, or ended a stream of a format that has none.
    var isPeerFinished = false

    // MARK: Sending

    var isSendPending = false
    /// The slot is in the list of those that send at the end of the turn.
    var isDirty = false
    /// Bytes that the send under way was given.
    var pendingSendLength = 0

    /// Retained for as long as the slot is in use, and called without touching the count.
    let handler: Unmanaged<AnyConnectionHandler>
    /// When the present phase, or the frame that has begun, has to be over.
    var deadline = Int64.max
    /// The earliest entry for this slot in the loop's heap.
    var queuedDeadline = Int64.max
    var outbound: Outbound

    // MARK: Bytes that wait

    /// A frame that did not arrive in one piece, or the hello.
    var spanning = SpanningFrame()
    /// Bytes of the whole spanning frame, once its header is there; 0 before.
    var spanningLength = 0
    /// What had arrived when the connection was paused: copied here, so that a paused connection keeps no pooled buffer …
    var backlog = SpanningFrame(mayBeElder: false)
    var backlogStart = 0
    /// … and the buffers themselves when there is no memory for a copy.
    var held = HeldBuffers()
    /// Why sending does not work any more; kept while input may still come.
    var sendFailure: TransportError?

    // MARK: Shared memory

    let peer: PeerCredentials?
    /// What was offered, until the peer's hello is there.
    var laneSetup: LaneSetup?
    /// The slot is in the list of those whose positions are looked at in every turn.
    var isLaneActive = false
    /// Bytes of the piece at the front of the ring that were copied already, when there was no memory for all of it.
    var pieceTaken = 0
    /// Descriptors are refused by now, but the socket may still hold some that were passed before.
    var mayHoldDescriptors = false
    /// The socket may bring descriptors: it is waited for until it is readable, and read then.
    var takesDescriptors: Bool {
        @inline(__always) get { outbound.laneState.takesDescriptors || mayHoldDescriptors }
    }
    var isReceivingOnLane: Bool {
        @inline(__always) get { outbound.isReceivingOnLane }
    }
    var isSendingOnLane: Bool {
        @inline(__always) get { outbound.isSendingOnLane }
    }

    init(
        id: ConnectionID, descriptor: Int32, peer: PeerCredentials?, handler: Unmanaged<AnyConnectionHandler>, outbound: consuming Outbound,
        phase: Phase
    ) {
        self.peer = peer
        self.id = id
        self.descriptor = descriptor
        unsafe self.handler = unsafe handler
        self.outbound = outbound
        self.phase = phase
    }

    /// Whether the kernel may still touch the slot's memory or its descriptor.
    var isBusyInKernel: Bool { isReceiveArmed || isSendPending }
    var hasUnread: Bool { !backlog.isEmpty || !held.isEmpty }
    var isReading: Bool { phase == .awaitingHello || phase == .open }
}

/// The connections of a loop, in memory that never moves: an operation in the kernel can point into a slot's buffers.
@safe
struct SlotTable: ~Copyable {
    let capacity: Int
    private let slots: UnsafeMutableRawPointer
    /// How often each place was used. Odd while it is in use.
    private var generations: UnsafeMutablePointer<UInt32>
    private var free: [UInt32] = []
    /// Places from here on were never used: their memory is not touched.
    private var firstUnused = 0
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        // A slot begins with a cache line and ends with one.
        unsafe slots = UnsafeMutableRawPointer.allocate(byteCount: capacity * Self.stride, alignment: Self.cacheLine)
        unsafe generations = .allocate(capacity: capacity)
    }

    private static let cacheLine = 64
    private static let stride = (MemoryLayout<ConnectionSlot>.size + cacheLine - 1) & ~(cacheLine - 1)

    private func place(_ index: Int) -> UnsafeMutablePointer<ConnectionSlot> {
        unsafe (slots + index * Self.stride).assumingMemoryBound(to: ConnectionSlot.self)
    }

    deinit {
        precondition(count == 0, "\(count) connections were not closed")
        unsafe slots.deallocate()
        unsafe generations.deallocate()
    }

    var isFull: Bool { count == capacity }

    /// An identity for the next connection. `nil` when the table is full.
    mutating func reserve() -> ConnectionID? {
        if let index = free.popLast() {
            unsafe generations[Int(index)] &+= 1
            count += 1
            return unsafe ConnectionID(slot: index, generation: generations[Int(index)])
        }
        guard firstUnused < capacity else { return nil }
        let index = firstUnused
        firstUnused += 1
        count += 1
        unsafe (generations + index).initialize(to: 1)
        return ConnectionID(slot: UInt32(index), generation: 1)
    }

    mutating func insert(_ slot: consuming ConnectionSlot) -> UnsafeMutablePointer<ConnectionSlot> {
        let place = unsafe place(Int(slot.id.slot))
        unsafe place.initialize(to: slot)
        return unsafe place
    }

    /// The place of `id` is free again; its identity does not come back.
    mutating func cancelReservation(_ id: ConnectionID) {
        unsafe generations[Int(id.slot)] &+= 1
        free.append(id.slot)
        count -= 1
    }

    mutating func remove(_ id: ConnectionID) {
        unsafe place(Int(id.slot)).deinitialize(count: 1)
        cancelReservation(id)
    }

    /// `nil` for a connection that is gone.
    func find(_ id: ConnectionID) -> UnsafeMutablePointer<ConnectionSlot>? {
        let index = Int(id.slot)
        guard index < firstUnused, id.generation & 1 == 1, unsafe generations[index] == id.generation else { return nil }
        return unsafe place(index)
    }

    /// The connection that a token speaks of; `nil` if it is gone, and the token a stale one.
    func find(_ token: Token) -> UnsafeMutablePointer<ConnectionSlot>? {
        let index = Int(token.slot)
        guard index < firstUnused else { return nil }
        let generation = unsafe generations[index]
        guard generation & 1 == 1, generation & Token.generationMask == token.generation else { return nil }
        return unsafe place(index)
    }

    /// The connections of this moment.
    var identifiers: [ConnectionID] {
        (0..<firstUnused).compactMap { index in
            let generation = unsafe generations[index]
            return generation & 1 == 1 ? ConnectionID(slot: UInt32(index), generation: generation) : nil
        }
    }
}
