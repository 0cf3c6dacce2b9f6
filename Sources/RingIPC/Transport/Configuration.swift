/// Every limit and choice of a connection, a listener or a loop. Nothing in RingIPC is unbounded: what is not set here has the
/// default written here.
public struct Configuration: Sendable {
    // MARK: The wire

    /// How frames are written. Both ends must agree.
    public var format: FrameFormat = .native
    /// The longest payload in bytes, received or sent; from 0 to ``FrameFormat/largestFrameLength``. A longer one is an error on both sides. Lengths
    /// of two bytes allow 65,535 at most; the `bytes` format has no frames, and so no limit.
    public var maximumFrameLength = 16 << 20

    // MARK: The kernel

    /// Which interface of the kernel to use; see ``Backends/survey()``.
    public var backend: BackendChoice = .automatic
    /// How to wait for input: a blocking connection in a receive, a loop in its turn.
    public var wait: WaitStrategy = .adaptive
    /// Connections that the kernel holds for `accept` (listen(2)); it cuts the number at `net.core.somaxconn`.
    public var listenBacklog: Int32 = 512

    /// Shared memory that connections of the native format offer their peers; `nil` for none. Frames travel in it when the peer offers it, too.
    public var sharedMemory: SharedMemoryOptions? = nil

    // MARK: Who may connect

    /// The permissions of the socket file, whatever the umask is. Nobody can connect before they are set. No effect on abstract names.
    public var socketFileMode: UInt32 = 0o600
    /// The umask alone decides, as it does for a file without a mode of its own.
    package var leavesModeToUmask = false
    /// Which peers a listener accepts. `nil` stands for `.anyone` on a path, whose mode decides, and for `.sameUser` on an
    /// abstract name, which has none.
    public var acceptPolicy: AcceptPolicy? = nil

    // MARK: Memory

    /// Bytes that may wait to be sent on one connection. At least one frame of the longest kind must fit.
    public var outboundLimit = 32 << 20
    /// Queued frames leave as soon as they are this many bytes, or at a flush, or at the end of a turn.
    public var coalescing: CoalescingPolicy = .default
    /// Bytes of a connection's own receive ring: a power of two, at least a page.
    public var receiveRingSize = 256 << 10
    /// Receive buffers that the connections of one loop share: a power of two, from 2 to 32,768.
    ///
    /// 128 is the sum of 64 for the completions of a busy turn, while they are worked off, and of 64 that connections without memory to
    /// put their input aside may hold while they are paused (at most half of the pool).
    public var pooledBufferCount = 64 + 64
    /// Bytes of each of them: a multiple of 8, at least 1,024.
    public var pooledBufferSize = 16 << 10
    /// Bytes that a loop, or a blocking connection, may spend on frames that are longer than a buffer or cut by its end. A frame of the
    /// longest kind must fit: that much is reserved for one frame at a time, so that frames which wait for memory do not wait for each
    /// other. Beside it, as much memory as one frame of the longest kind takes is kept from frame to frame.
    public var spanningBudget = 64 << 20
    /// Connections that a loop has at most; further peers wait in the listen queue or are refused. From 1 to 1,000,000.
    public var maximumConnections = 16_384

    // MARK: Time

    /// How long `connect` may wait for room in the listen queue.
    public var connectTimeout: Duration = .seconds(5)
    /// How long the peer's hello may take (native format).
    public var helloTimeout: Duration = .seconds(5)
    /// How long a frame may take from its first byte to its last.
    public var frameTimeout: Duration = .seconds(30)
    /// How long a graceful close may wait for the peer to take what is queued.
    public var drainTimeout: Duration = .seconds(5)

    // MARK: Tests

    /// What of io_uring may be used: tests take features away to run the paths of older kernels.
    package var uringFeatures: UringFeatures = .all

    /// The defaults. Values are checked by what is opened with them, which throws `invalidConfiguration`.
    public init() {}
}

/// When queued frames leave. Frames that are sent back to back travel together: one call of the kernel for many frames is what
/// makes a stream fast.
public struct CoalescingPolicy: Sendable, Hashable {
    /// Send as soon as this many encoded bytes are queued (at least 1), without waiting for a flush or the end of a turn.
    public var thresholdBytes: Int

    /// Sends as soon as `thresholdBytes` bytes are queued; at least 1.
    public init(thresholdBytes: Int) { self.thresholdBytes = thresholdBytes }

    /// One chunk of the outbound queue, 73,088 bytes: larger sends gain nothing (`Docs/Benchmarking.md`).
    public static let `default` = CoalescingPolicy(thresholdBytes: OutboundChunkPool.chunkCapacity)
    /// Each frame leaves at once, in a call of its own.
    public static let everyFrame = CoalescingPolicy(thresholdBytes: 1)
}
