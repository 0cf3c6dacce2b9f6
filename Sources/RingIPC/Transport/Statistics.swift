/// What a connection, or all connections of a loop, did so far. Plain counters of one thread: they only ever grow.
public struct Statistics: Sendable, Hashable {
    /// Data frames that were handed to the program.
    public var framesReceived: UInt64 = 0
    /// Data frames that were queued for sending. Whether the peer has got them, nobody knows.
    public var framesSent: UInt64 = 0
    /// Bytes from the wire, headers included.
    public var bytesReceived: UInt64 = 0
    /// Bytes that the kernel took, headers included.
    public var bytesSent: UInt64 = 0
    /// Calls of the kernel on the data path.
    public var systemCalls: UInt64 = 0
    /// Bytes that were moved in user space on the receive path: frames that a buffer's end cut.
    public var copiedBytes: UInt64 = 0
    /// Times that a wait slept in the kernel. A pause of ``WaitStrategy/moderated(interval:)`` and the look after it count once.
    public var wakeups: UInt64 = 0
    /// Sends of which the kernel took only a part.
    public var shortSends: UInt64 = 0
    /// Times that no pooled buffer was free for a receive.
    public var bufferShortages: UInt64 = 0
    /// Times that a connection had to wait for memory for a spanning frame.
    public var spanningPauses: UInt64 = 0
    /// Connections that a loop's listeners took in.
    public var acceptedConnections: UInt64 = 0
    /// Peers that the accept policy refused, or for whom there was no place.
    public var refusedPeers: UInt64 = 0
    /// Times that the kernel could not accept: no descriptor or no memory was left.
    public var acceptFailures: UInt64 = 0

    /// Connections whose peers' shared memory was mapped.
    public var sharedMemoryConnections: UInt64 = 0
    /// Connections that offered shared memory and carry on by the socket: ``LaneReport/reason`` of each says why.
    public var sharedMemoryRefusals: UInt64 = 0
    /// Which lane a connection uses, and why; `nil` for a loop, which has many.
    public var lane: LaneReport?

    /// All zero.
    public init() {}
}
