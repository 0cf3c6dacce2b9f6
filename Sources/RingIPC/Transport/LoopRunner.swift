/// A loop while it runs. Turns and jobs alternate: a job is never run inside a turn, so each has the core to itself.
@safe
final class LoopRunner<B: Backend & ~Copyable>: LoopOperations {
    /// Behind a pointer, since a stored property of a class would be checked for exclusive access at run time.
    let core: UnsafeMutablePointer<LoopCore<B>>
    private let mailbox: Mailbox
    private let waker: Waker
    private let double: (any KernelDouble)?
    let report: BackendReport
    private var timers = MinHeap<LoopTimer>()
    private var timerCount: UInt64 = 0
    /// When a loop that is being stopped gives up on its connections.
    private var stopDeadline = Int64.max
    /// The earlier of the next timer and `stopDeadline`. Behind a pointer like the core: every turn looks at it.
    private let alarm: UnsafeMutablePointer<Int64>

    init(backend: consuming B, mailbox: Mailbox, report: BackendReport, configuration: Configuration) throws(TransportError) {
        waker = backend.waker
        double = backend.kernel.double
        let made = try LoopCore(backend: backend, configuration: configuration)
        unsafe core = .allocate(capacity: 1)
        unsafe core.initialize(to: made)
        unsafe alarm = .allocate(capacity: 1)
        unsafe alarm.initialize(to: .max)
        self.mailbox = mailbox
        self.report = report
    }

    deinit {
        unsafe core.deinitialize(count: 1)
        unsafe core.deallocate()
        unsafe alarm.deallocate()
    }

    func run() throws(TransportError) {
        try start()
        var failure: TransportError?
        do {
            while !isStopped { try turn() }
        } catch {
            failure = error
        }
        finish()
        if let failure { throw failure }
    }

    func start() throws(TransportError) {
        guard mailbox.open(waker) else {
            throw TransportError(.invalidConfiguration, during: .run, detail: "the loop runs already, on another thread")
        }
    }

    var isStopped: Bool { unsafe core.pointee.isStopped }

    func finish() {
        mailbox.close()
        unsafe core.pointee.abortAll()
    }

    func turn() throws(TransportError) { try turn(until: .max) }

    func turn(until limit: Int64) throws(TransportError) {
        let wasWoken = unsafe try core.pointee.turn(until: min(limit, alarm.pointee))
        if wasWoken { runJobs() }
        if unsafe core.pointee.now >= alarm.pointee { runTimers() }
    }

    private func setAlarm() { unsafe alarm.pointee = min(timers.first?.time ?? .max, stopDeadline) }

    private func runJobs() {
        var context = LoopContext(operations: self)
        for job in mailbox.takeAll() { job(&context) }
    }

    private func runTimers() {
        var context = LoopContext(operations: self)
        while let first = timers.first, first.time <= now {
            timers.removeFirst().job(&context)
        }
        if now >= stopDeadline { unsafe core.pointee.abortAll() }
        setAlarm()
    }
}

/// A loop without the type of its backend.
///
/// What messages pass through are closures, made where the type is known: a witness of a generic class is not specialized, and its code asks
/// the runtime for types at every step.
struct AnyLoop {
    let operations: any LoopOperations
    /// Turns until it is stopped; then it is over.
    let run: () throws(TransportError) -> Void
    /// One pass, which sleeps until the given time at most.
    let turn: (Int64) throws(TransportError) -> Void
    /// Gives the kernel what it takes now of all that is queued, as far as the backend can do it without a turn.
    let sendQueued: () -> Void

    @inline(__always)
    init<B: Backend & ~Copyable>(_ runner: LoopRunner<B>) {
        operations = runner
        run = { () throws(TransportError) in try runner.run() }
        turn = { (limit) throws(TransportError) in try runner.turn(until: limit) }
        sendQueued = { runner.sendQueued() }
    }
}

/// A closure and its time. Equal times run in the order in which they were set.
private struct LoopTimer: Comparable {
    let time: Int64
    let order: UInt64
    let job: (inout LoopContext) -> Void

    static func < (left: Self, right: Self) -> Bool { (left.time, left.order) < (right.time, right.order) }
    static func == (left: Self, right: Self) -> Bool { left.order == right.order }
}

extension LoopRunner where B: ~Copyable {
    var now: Int64 { unsafe core.pointee.now }
    var connectionCount: Int { unsafe core.pointee.table.count }
    var statistics: Statistics { unsafe core.pointee.allStatistics }

    func send(to connection: ConnectionID, _ bytes: RawSpan) throws(TransportError) {
        try unsafe core.pointee.send(to: connection, bytes)
    }

    func queue(_ bytes: RawSpan, on connection: ConnectionID) throws(TransportError) {
        try unsafe core.pointee.queue(bytes, on: connection)
    }

    func flush(_ connection: ConnectionID) { unsafe core.pointee.flush(connection) }
    func sendQueued() { unsafe core.pointee.flushDirty() }
    func sendState(of connection: ConnectionID) -> SendState? { unsafe core.pointee.sendState(of: connection) }
    func pauseReceiving(_ connection: ConnectionID) { unsafe core.pointee.pauseReceiving(connection) }
    func resumeReceiving(_ connection: ConnectionID) { unsafe core.pointee.resumeReceiving(connection) }
    func close(_ connection: ConnectionID) { unsafe core.pointee.close(connection) }
    func abort(_ connection: ConnectionID) { unsafe core.pointee.abort(connection) }

    func schedule(at time: Int64, _ job: @escaping (inout LoopContext) -> Void) {
        timerCount += 1
        timers.insert(LoopTimer(time: time, order: timerCount, job: job))
        setAlarm()
    }

    func stop() {
        guard stopDeadline == .max else { return }
        stopDeadline = unsafe core.pointee.beginStop()
        setAlarm()
    }

    func add(_ listener: ListenerEntry) throws(TransportError) -> ConnectionID { try unsafe core.pointee.addListener(listener) }
    func fail(with error: TransportError) { unsafe core.pointee.listenerFailure = error }
    func pauseAccepting(_ listener: ConnectionID) { unsafe core.pointee.pauseAccepting(listener) }
    func resumeAccepting(_ listener: ConnectionID) { unsafe core.pointee.resumeAccepting(listener) }
    func remove(_ listener: ConnectionID) { unsafe core.pointee.removeListener(listener) }
    func hasListener(_ listener: ConnectionID) -> Bool { unsafe core.pointee.hasListener(listener) }

    func open(_ socket: consuming Socket, peer: PeerCredentials?, handler: AnyConnectionHandler) {
        unsafe core.pointee.open(socket, peer: peer, handler: handler)
    }

    func connect(to endpoint: Endpoint, until deadline: Int64, handler: AnyConnectionHandler) {
        let socket: Socket
        do {
            // One attempt that does not wait: the loop has other things to do meanwhile.
            socket = try Socket.connect(to: endpoint, over: double, takesDescriptors: unsafe core.pointee.configuration.sharedMemory != nil)
        } catch {
            guard error.code == .timedOut, now < deadline else { return handler.closed(.failed(error)) }
            return schedule(at: now + Self.connectPause) { $0.operations.connect(to: endpoint, until: deadline, handler: handler) }
        }
        open(socket, peer: try? socket.peerCredentials(during: .connect), handler: handler)
    }

    /// Between two attempts at a full listen queue, which the kernel does not report on.
    private static var connectPause: Int64 { 1_000_000 }
}
