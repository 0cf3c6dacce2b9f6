/// What an operation came to.
struct Completion {
    let token: Token
    /// Bytes, a descriptor, or a negated `errno`.
    let result: Int32
    /// The pooled buffer that a receive filled, or `BufferPool.none`.
    var buffer = BufferPool.none
    /// The operation goes on by itself and will complete again.
    var isArmed = false
}

/// What came of a send at once.
enum SendOutcome {
    /// The kernel took so many bytes, at least one.
    case sent(Int)
    /// A completion will tell. The bytes belong to the kernel until then.
    case pending
    /// A negated `errno`.
    case failed(Int32)
}

/// How long a turn may wait for the kernel.
enum TurnWait {
    case poll
    case until(deadline: Int64)
    case forever
}

/// The contract between a loop and the kernel: operations are begun, completions come back.
///
/// epoll keeps it with readiness and non-blocking calls, io_uring by itself. Both run over Linux or over a ``KernelDouble``. The rules:
/// - All calls come from the one thread that made the backend.
/// - A slot has at most one receive and one send under way. The memory and the descriptor of an operation belong to the
///   backend from the call until the completion with `isArmed == false`; only then may the descriptor be closed.
/// - A pooled receive and an accept stay armed until a completion says otherwise, whatever its result. `-ENOBUFS` means that no
///   pooled buffer was free; `-ECANCELED` that `cancel` worked. A result of 0 on a receive is the end of the stream.
/// - After `cancel` the operation still completes, once, unarmed.
/// - A backend never reports a completion twice and never drops one.
protocol Backend: ~Copyable {
    /// Whether a send is done when `send` returns. Then nothing is gained by collecting sends until the end of the turn, and much is
    /// lost: an answer that leaves at once leaves from the cache, and its chunk serves the next connection.
    static var sendsAtOnce: Bool { get }
    associatedtype System: Kernel
    /// Where its calls go, and those of the loop that are no operations.
    var kernel: System { get }
    /// Nanoseconds of a clock that never goes back.
    var now: Int64 { get }
    var statistics: BackendStatistics { get }

    /// Makes a socket known. `slot` is free for another one after `detach`.
    mutating func attach(_ descriptor: Int32, connection: ConnectionID) throws(TransportError)
    mutating func attachListener(_ descriptor: Int32, slot: ConnectionID) throws(TransportError)
    /// The socket is about to be closed; nothing is under way on it.
    mutating func detach(_ descriptor: Int32, connection: ConnectionID)

    mutating func accept(_ descriptor: Int32, slot: ConnectionID)
    mutating func receivePooled(_ descriptor: Int32, connection: ConnectionID)
    mutating func receive(_ descriptor: Int32, into memory: UnsafeMutableRawBufferPointer, connection: ConnectionID)
    /// Completes once, with a result above 0, when a receive would not wait: for sockets that may bring descriptors, which a ring's receive loses.
    /// Takes the place of a receive.
    mutating func awaitInput(_ descriptor: Int32, connection: ConnectionID)
    mutating func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, connection: ConnectionID) -> SendOutcome
    mutating func cancel(_ operation: Token.Operation, connection: ConnectionID)

    /// Whether something was begun that the kernel, or the loop, has not heard of yet: a turn is due.
    var hasBegun: Bool { get }

    /// Hands everything begun so far to the kernel, waits, and appends completions until the kernel has no more or the queue is full.
    mutating func turn(
        _ wait: TurnWait, pool: inout BufferPool, completions: inout CompletionQueue
    ) throws(TransportError)

    /// Hands everything begun so far to the kernel, without a look at what became of it. Returns whether there is something to look at
    /// before anything new happens: what has completed already, or did not fit into the turn before.
    mutating func submit(pool: inout BufferPool) throws(TransportError) -> Bool

    /// Wakes a `turn` from any thread.
    var waker: Waker { get }
}

struct BackendStatistics {
    var systemCalls: UInt64 = 0
    var wakeups: UInt64 = 0
}

/// The completions of one turn, in memory made at start.
@safe
struct CompletionQueue: ~Copyable {
    let capacity: Int
    private let memory: UnsafeMutablePointer<Completion>
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        unsafe memory = .allocate(capacity: capacity)
    }

    deinit { unsafe memory.deallocate() }

    var isFull: Bool { count == capacity }

    subscript(index: Int) -> Completion {
        precondition(index < count)
        return unsafe memory[index]
    }

    mutating func append(_ completion: Completion) {
        precondition(count < capacity, "more completions than the queue was made for")
        unsafe (memory + count).initialize(to: completion)
        count &+= 1
    }

    mutating func removeAll() { count = 0 }
}
