internal import CRingIPC

/// Shared memory that this side has offered with its hello, until the peer's hello is there.
struct LaneOffer: ~Copyable {
    let segment: SharedSegment
    let options: SharedMemoryOptions
    /// What came with the peer's hello.
    var passed = PassedDescriptors()

    init(_ options: SharedMemoryOptions, wait: WaitStrategy) throws(TransportError) {
        segment = try SharedSegment(ringSize: options.ringSize)
        // The peer reads it once the descriptor is with it, which is long after this.
        let words = unsafe MappedWords(own: segment.base, peer: segment.base)
        words.storeRelaxed(wait == .spin ? 1 : 0, to: .neverSleeps)
        self.options = options
    }

    /// Sends the hello, and the descriptor of the segment with it. The socket is new, so there is room for all of it or the connection is broken.
    ///
    /// - Throws: ``TransportError`` of the handshake, and then nothing was sent: for `EPERM` when the peer's end refuses descriptors
    ///   (`SO_PASSRIGHTS`, 6.16), for `ETOOMANYREFS` when too many of this user's are under way.
    func sendHello(maximumFrameLength: Int, over socket: Int32) throws(TransportError) {
        let hello = Hello(features: Hello.sharedMemory, maximumFrameLength: maximumFrameLength)
        let result = unsafe withUnsafeTemporaryAllocation(byteCount: Hello.encodedLength, alignment: 8) { memory in
            unsafe hello.write(to: memory.baseAddress!)
            return unsafe ringipc_send_descriptor(socket, memory.baseAddress, memory.count, segment.descriptor ?? -1)
        }
        guard result == Hello.encodedLength else {
            throw TransportError(systemError: result < 0 ? Int32(-result) : EIO, during: .handshake)
        }
    }

    /// Maps what the peer offers.
    ///
    /// - Parameter peer: who it is, for whether its frames are read in place.
    /// - Throws: ``TransportError`` when it cannot be used; the socket carries on.
    consuming func accept(from peer: PeerCredentials?, over socket: Int32) throws(TransportError) -> SharedLane {
        guard let number = passed.takeFirst() else {
            throw TransportError(
                .invalidSharedMemory, during: .handshake,
                detail: "the peer's hello offers shared memory and brought no descriptor; is there a relay in between?")
        }
        let segment = try PeerSegment(adopting: OwnedDescriptor(passed: number), largestRing: options.largestPeerRing)
        let isSameUser = peer.map { $0.userIdentifier == ringipc_effective_user() } ?? false
        return SharedLane(
            own: self.segment, peer: segment, socket: socket, copiesFrames: options.copiesAllFrames || !isSameUser, options: options)
    }
}

/// Descriptors that a peer has passed and that were not looked at yet, the oldest first.
struct PassedDescriptors: ~Copyable {
    private var numbers: [Int32] = []

    /// More than an honest peer passes ahead of the frames that speak of them.
    private static let limit = 16

    /// Each that nobody takes is closed by a thread of its own: a peer could make as many of these as it likes.
    static func surplus() -> TransportError {
        TransportError(
            .invalidSharedMemory, during: .receive,
            detail: "the peer passes descriptors that no frame of it speaks of; it is broken or hostile")
    }

    /// `false`, and the descriptor was closed, when there are too many. A negative number stands for several that came at once.
    mutating func append(_ number: Int32) -> Bool {
        guard number >= 0 else { return false }
        guard numbers.count < Self.limit else {
            ringipc_close_elsewhere(number)
            return false
        }
        numbers.append(number)
        return true
    }

    mutating func takeFirst() -> Int32? { numbers.isEmpty ? nil : numbers.removeFirst() }

    deinit {
        for number in numbers { ringipc_close_elsewhere(number) }
    }
}
