internal import Glibc
public import RingIPC

/// A kernel in memory, with a clock of its own and a seed: event loops run over it as over Linux, and a run is a function of the seed.
///
/// The loops, their backends (epoll's or io_uring's), connections, buffers, frames and listeners are the ones of production. Only the calls
/// of the kernel end here: sockets with bounded buffers, listen queues, readiness, rings with provided buffers and bounded queues. Faults
/// happen as the ``FaultPlan`` says.
///
/// ```swift
/// struct Client: ConnectionHandler, Sendable {
///     mutating func opened(_ outbound: inout Outbound) { try? outbound.send("hello".utf8Span.span.bytes) }
///     mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
///         while try frames.next() != nil {}
///         reply.close()
///     }
/// }
/// ```
/// ```swift
/// let kernel = SimulatedKernel(seed: 1, faults: FaultPlan([.shortReceive: 0.3]))
/// let loop = try kernel.makeLoop()
/// try loop.listen(on: .path("/run/echo.sock")) { peer in Echo() }
/// loop.connect(to: .path("/run/echo.sock"), handler: Client())
/// try kernel.run(steps: 10_000)
/// ```
///
/// A kernel, its loops and its peers belong to the thread that made the kernel: a call from another one traps. Nothing in it waits or
/// sleeps.
// Sendable only because loops are: every entry checks that it is called by the thread that made the kernel.
public final class SimulatedKernel: @unchecked Sendable {
    /// Sizes of things in the kernel.
    public struct Limits: Sendable {
        /// Bytes that a socket holds for its reader; at least 1.
        public var socketCapacity = 8_192
        /// Requests that a ring takes before they are submitted; at least 1.
        public var submissionEntries = 1_024
        /// Completions that a ring holds before the loop takes them, at least 1; more wait elsewhere.
        public var completionEntries = 8_192

        /// The defaults.
        public init() {}
    }

    /// What the run is a function of, together with the program.
    public let seed: UInt64
    /// Sizes of what is made from now on.
    public var limits = Limits()
    /// How often each kind of fault has happened.
    public private(set) var faultCounts: [FaultKind: Int] = [:]
    /// The broken promises so far. A sound program has none.
    public internal(set) var violations: [Violation] = []

    private let thread = pthread_self()
    private var plan: FaultPlan
    var random: SeededRandom
    var trace = Trace()
    var nanoseconds: Int64 = 1_000_000_000
    var objects: [Object?] = []
    var loops: [SimulatedLoop] = []
    /// The loop whose turn it is.
    var current: SimulatedLoop?
    var connectionCount = 0

    /// What a descriptor stands for.
    enum Object {
        case socket(SimulatedSocket)
        case listener(SimulatedListener)
        case event(SimulatedEvent)
        case epoll(SimulatedEpoll)
        case ring(SimulatedRing)
    }

    /// Makes a kernel without any socket. It belongs to the calling thread.
    ///
    /// - Parameters:
    ///   - seed: decides every draw; any will do.
    ///   - faults: what goes wrong, until ``stopFaults()``.
    public init(seed: UInt64, faults: FaultPlan = .none) {
        self.seed = seed
        plan = faults
        random = SeededRandom(seed: seed)
    }

    /// A number for everything that happened: equal for two runs of one seed.
    public var digest: UInt64 { trace.digest }
    /// Gets a line for every call: nanoseconds, what, on which descriptor, with which result; and one for every fault that was drawn.
    public var log: ((String) -> Void)? {
        get { trace.log }
        set { trace.log = newValue }
    }
    /// The loop whose turn it is, for handlers that want to know where they run; `nil` between turns.
    public var currentLoop: EventLoop? { current?.loop }
    /// Time since the kernel was made, by its own clock.
    public var elapsed: Duration { .nanoseconds(nanoseconds - 1_000_000_000) }

    /// From here on nothing goes wrong. Connections that have failed stay failed.
    public func stopFaults() { plan = .none }

    /// Whether a fault of this kind happens now. For faults of your own handlers and peers: what happens is counted like the kernel's own.
    public func occurs(_ kind: FaultKind) -> Bool {
        guard let probability = plan.probabilities[kind], random.chance(probability) else { return false }
        faultCounts[kind, default: 0] += 1
        trace.note(kind, at: nanoseconds)
        return true
    }

    /// The same for a fault that ends a connection.
    func occurs(_ kind: FaultKind, on socket: SimulatedSocket) -> Bool { socket.isVictim && occurs(kind) }

    /// Counts a fault that happens without being drawn: a full queue, a peer that a test plays.
    public func note(_ kind: FaultKind) { faultCounts[kind, default: 0] += 1 }

    func isEndangered(_ endpoint: Endpoint) -> Bool { plan.endangeredEndpoints.map { $0.contains(endpoint) } ?? true }

    /// Reports a broken promise, of the library or of your own service. The run ends after the turn.
    ///
    /// - Parameters:
    ///   - invariant: the promise that comes nearest.
    ///   - detail: a sentence for who reads the failure.
    public func report(_ invariant: Violation.Invariant, _ detail: String) { violations.append(Violation(invariant, detail)) }

    /// Time passes for everybody: a slow handler, for example. A duration is not negative.
    public func pass(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds += seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// A call is made: it costs a moment, and only the kernel's own thread may make it.
    func tick() {
        precondition(pthread_equal(thread, pthread_self()) != 0, "a simulated kernel belongs to the thread that made it")
        nanoseconds += 200
    }
}

// MARK: Descriptors

extension SimulatedKernel {
    /// Numbers that no descriptor of the process has, so that one which strays into a real call only earns an error.
    static var firstDescriptor: Int32 { 1 << 24 }

    /// The lowest free number, as POSIX has it: a closed one comes back at once.
    func open(_ object: Object) -> Int32 {
        if let free = objects.firstIndex(where: { $0 == nil }) {
            objects[free] = object
            return Self.firstDescriptor + Int32(free)
        }
        objects.append(object)
        return Self.firstDescriptor + Int32(objects.count - 1)
    }

    func object(_ descriptor: Int32, for purpose: StaticString) -> Object? {
        let index = Int(descriptor) - Int(Self.firstDescriptor)
        if objects.indices.contains(index), let object = objects[index] { return object }
        report(.descriptors, "\(purpose) on descriptor \(descriptor), which is not open")
        return nil
    }

    func socket(_ descriptor: Int32, for purpose: StaticString) -> SimulatedSocket? {
        guard let object = object(descriptor, for: purpose) else { return nil }
        if case .socket(let socket) = object { return socket }
        report(.descriptors, "\(purpose) on descriptor \(descriptor), which is no connected socket")
        return nil
    }

    func listener(named name: String) -> SimulatedListener? {
        for case .listener(let listener)? in objects where listener.endpointName == name { return listener }
        return nil
    }

    /// Whether somebody has connected and was not accepted yet.
    public var hasWaitingClients: Bool {
        for case .listener(let listener)? in objects where !listener.queue.isEmpty { return true }
        return false
    }

    func ring(_ descriptor: Int32) -> SimulatedRing {
        guard case .ring(let ring)? = object(descriptor, for: "a ring's call") else { preconditionFailure("no ring") }
        return ring
    }

    /// Closes a descriptor, after a look at whether that is allowed.
    package func close(_ descriptor: Int32) {
        tick()
        trace.note("close", descriptor, 0, at: nanoseconds)
        guard let object = object(descriptor, for: "close") else { return }
        for case .ring(let ring)? in objects where ring.isBusy(with: descriptor) {
            report(.descriptors, "descriptor \(descriptor) was closed while an operation was under way on it")
        }
        objects[Int(descriptor) - Int(Self.firstDescriptor)] = nil
        for case .epoll(let epoll)? in objects { epoll.forget(descriptor) }
        switch object {
        case .socket(let socket): socket.close()
        case .listener(let listener): for socket in listener.queue { socket.refuse() }
        case .ring(let ring): ring.end(self)
        case .event, .epoll: break
        }
    }
}
