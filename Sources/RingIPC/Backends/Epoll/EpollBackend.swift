internal import CRingIPC

/// The contract on epoll: readiness tells when, a non-blocking call does it, and the call's result is the completion.
@safe
struct EpollBackend<System: Kernel>: Backend, ~Copyable {
    let kernel: System
    private let epoll: OwnedDescriptor
    let waker: Waker
    private let memory: EpollMemory
    private let events: UnsafeMutablePointer<epoll_event>
    private let watches: UnsafeMutablePointer<EpollWatch>
    private let watchCount: Int
    /// Completions that were known before the kernel was asked: cancellations, and operations that it would not watch.
    private var known: [Completion] = []
    /// Whether the last call brought as many events as it could.
    private var isCut = false
    private var counters = BackendStatistics()

    /// Events per call. More gain nothing: the call's cost is spread over enough of them, and each has a buffer that stays in the cache.
    static var maximumEvents: Int { 64 }
    /// Connections accepted per turn, so that a flood of them does not starve the others.
    static var maximumAccepts: Int { 64 }
    private var acceptsLeft = 0

    init(kernel: System, configuration: Configuration) throws(TransportError) {
        let waker = try Waker(double: kernel.double)
        let epoll = try OwnedDescriptor(kernel.makeEpoll(), of: kernel.double, during: .run)
        let result = kernel.control(
            epoll.number, EPOLL_CTL_ADD, waker.descriptor, input, Token(.wake, slot: 0, generation: 0).bits)
        guard result >= 0 else { throw TransportError(systemError: -result, during: .run) }
        self.kernel = kernel
        self.epoll = epoll
        self.waker = waker
        watchCount = configuration.maximumConnections + ListenerTable.capacity
        memory = EpollMemory(eventCount: Self.maximumEvents, watchCount: watchCount)
        unsafe events = unsafe memory.events
        unsafe watches = unsafe memory.watches
    }

    static var sendsAtOnce: Bool { true }
    var hasBegun: Bool { !known.isEmpty }
    var now: Int64 { kernel.now }
    var statistics: BackendStatistics { counters }

    private mutating func control(_ operation: Int32, _ descriptor: Int32, _ interest: UInt32, _ token: Token) -> Int32 {
        counters.systemCalls &+= 1
        return kernel.control(epoll.number, operation, descriptor, interest, token.bits)
    }

    private func check(_ result: Int32) throws(TransportError) {
        guard result >= 0 else { throw TransportError(systemError: -result, during: .run) }
    }

    private func watch(_ slot: UInt32) -> UnsafeMutablePointer<EpollWatch> {
        precondition(Int(slot) < watchCount)
        return unsafe watches + Int(slot)
    }

    /// Listeners have places of their own, behind those of the connections.
    private func listenerWatch(_ slot: UInt32) -> UnsafeMutablePointer<EpollWatch> {
        unsafe watch(UInt32(watchCount - ListenerTable.capacity) + slot)
    }
}

/// The memory of a backend, freed with it. A class, since a release build of Swift 6.3 never runs the `deinit` of a noncopyable
/// struct that is generic.
@safe
private final class EpollMemory {
    let events: UnsafeMutablePointer<epoll_event>
    let watches: UnsafeMutablePointer<EpollWatch>

    init(eventCount: Int, watchCount: Int) {
        unsafe events = .allocate(capacity: eventCount)
        unsafe watches = .allocate(capacity: watchCount)
        unsafe watches.initialize(repeating: EpollWatch(), count: watchCount)
    }

    deinit {
        unsafe events.deallocate()
        unsafe watches.deallocate()
    }
}

/// What is under way on one descriptor.
@safe
struct EpollWatch {
    enum Receive { case none, pooled, direct, readiness }

    var descriptor: Int32 = -1
    var token = Token(.receive, slot: 0, generation: 0)
    /// What the kernel watches for; 0 when the descriptor is not in the epoll set.
    var interest: UInt32 = 0
    var receive = Receive.none
    var receiveMemory = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Bytes that the socket had no room for.
    var sendBytes = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    var isSending: Bool { unsafe !sendBytes.isEmpty }
}

private let input = UInt32(EPOLLIN.rawValue)
private let output = UInt32(EPOLLOUT.rawValue)
/// Reported by the kernel whether asked for or not.
private let ended = UInt32(EPOLLHUP.rawValue) | UInt32(EPOLLERR.rawValue)

// MARK: Operations

extension EpollBackend {
    mutating func attach(_ descriptor: Int32, connection: ConnectionID) throws(TransportError) {
        let watch = unsafe watch(connection.slot)
        unsafe watch.initialize(to: EpollWatch())
        unsafe watch.pointee.descriptor = descriptor
        unsafe watch.pointee.token = Token(.receive, connection)
        // A receive follows at once; asking for input now saves its call.
        try check(unsafe control(EPOLL_CTL_ADD, descriptor, input, watch.pointee.token))
        unsafe watch.pointee.interest = input
    }

    mutating func attachListener(_ descriptor: Int32, slot: ConnectionID) throws(TransportError) {
        try check(kernel.setNonblocking(descriptor, true))
        let watch = unsafe listenerWatch(slot.slot)
        unsafe watch.initialize(to: EpollWatch())
        unsafe watch.pointee.descriptor = descriptor
        unsafe watch.pointee.token = Token(.accept, slot)
        try check(unsafe setInterest(input, of: watch))
    }

    mutating func detach(_ descriptor: Int32, connection: ConnectionID) {
        let watch = unsafe watch(connection.slot)
        _ = unsafe setInterest(0, of: watch)
        unsafe watch.pointee.descriptor = -1
    }

    mutating func accept(_ descriptor: Int32, slot: ConnectionID) {
        let result = unsafe setInterest(input, of: listenerWatch(slot.slot))
        if result < 0 { known.append(Completion(token: Token(.accept, slot), result: result)) }
    }

    mutating func receivePooled(_ descriptor: Int32, connection: ConnectionID) {
        let watch = unsafe watch(connection.slot)
        unsafe watch.pointee.receive = .pooled
        unsafe watchInput(watch)
    }

    mutating func receive(_ descriptor: Int32, into memory: UnsafeMutableRawBufferPointer, connection: ConnectionID) {
        let watch = unsafe watch(connection.slot)
        unsafe watch.pointee.receive = .direct
        unsafe watch.pointee.receiveMemory = unsafe memory
        unsafe watchInput(watch)
    }

    mutating func awaitInput(_ descriptor: Int32, connection: ConnectionID) {
        let watch = unsafe watch(connection.slot)
        unsafe watch.pointee.receive = .readiness
        unsafe watchInput(watch)
    }

    private mutating func watchInput(_ watch: UnsafeMutablePointer<EpollWatch>) {
        let result = unsafe setInterest(watch.pointee.interest | input, of: watch)
        guard result < 0 else { return }
        unsafe watch.pointee.receive = .none
        known.append(unsafe Completion(token: watch.pointee.token, result: result))
    }

    mutating func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, connection: ConnectionID) -> SendOutcome {
        switch unsafe sendNow(descriptor, bytes) {
        case -Int(EAGAIN):
            let watch = unsafe watch(connection.slot)
            let result = unsafe setInterest(watch.pointee.interest | output, of: watch)
            guard result >= 0 else { return .failed(result) }
            unsafe watch.pointee.sendBytes = unsafe bytes
            return .pending
        case let result where result < 0: return .failed(Int32(result))
        case let result: return .sent(result)
        }
    }

    private mutating func sendNow(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        while true {
            counters.systemCalls &+= 1
            let result = unsafe kernel.send(descriptor, bytes)
            if result != -Int(EINTR) { return result }
        }
    }

    mutating func cancel(_ operation: Token.Operation, connection: ConnectionID) {
        let watch = operation == .accept ? unsafe listenerWatch(connection.slot) : unsafe watch(connection.slot)
        switch operation {
        case .accept:
            guard unsafe watch.pointee.interest != 0 else { return }
            _ = unsafe setInterest(0, of: watch)
        case .receive:
            guard unsafe watch.pointee.receive != .none else { return }
            unsafe watch.pointee.receive = .none
        case .send:
            guard unsafe watch.pointee.isSending else { return }
            unsafe watch.pointee.sendBytes = UnsafeRawBufferPointer(start: nil, count: 0)
            _ = unsafe setInterest(watch.pointee.interest & ~output, of: watch)
        case .wake, .cancel: return
        }
        known.append(Completion(token: Token(operation, connection), result: -ECANCELED))
    }

    /// To watch a descriptor takes memory of the kernel's, and a place among `fs.epoll.max_user_watches`: ENOMEM, ENOSPC. Watching less
    /// never fails.
    private mutating func setInterest(_ interest: UInt32, of watch: UnsafeMutablePointer<EpollWatch>) -> Int32 {
        let current = unsafe watch.pointee.interest
        guard interest != current else { return 0 }
        let operation = current == 0 ? EPOLL_CTL_ADD : interest == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD
        let result = unsafe control(operation, watch.pointee.descriptor, interest, watch.pointee.token)
        if result >= 0 { unsafe watch.pointee.interest = interest }
        return result
    }
}

// MARK: A turn

extension EpollBackend {
    mutating func turn(
        _ wait: TurnWait, pool: inout BufferPool, completions: inout CompletionQueue
    ) throws(TransportError) {
        var timeout = nanoseconds(of: wait)
        acceptsLeft = Self.maximumAccepts
        if !known.isEmpty {
            // All connections of a loop may have been cancelled at once: more than the queue can hold. And events need room too.
            let count = min(known.count, (completions.capacity - completions.count) / 2)
            for completion in known.prefix(count) { completions.append(completion) }
            known.removeFirst(count)
            timeout = 0
        }
        // An event needs a buffer for its data, and up to two completions. What is not asked for now is reported next time.
        let room = (completions.capacity - completions.count - Self.maximumAccepts) / 2
        let capacity = max(1, min(Self.maximumEvents, pool.freeCount, room))
        counters.systemCalls &+= 1
        if timeout != 0 { counters.wakeups &+= 1 }
        let count = unsafe kernel.wait(epoll.number, events, capacity, timeout)
        guard count >= 0 || count == -EINTR else { throw TransportError(systemError: -count, during: .run) }
        isCut = Int(count) == capacity
        for index in 0..<Int(max(0, count)) {
            guard let token = unsafe Token(bits: ringipc_epoll_token(events, index)) else { continue }
            let happened = unsafe ringipc_epoll_events(events, index)
            switch token.operation {
            case .wake:
                counters.systemCalls &+= 1
                waker.drain()
                completions.append(Completion(token: token, result: 0))
            case .accept:
                acceptAll(token, into: &completions)
            default:
                transfer(token, happened, pool: &pool, into: &completions)
            }
        }
    }

    /// Sends and the like are calls of their own.
    mutating func submit(pool: inout BufferPool) -> Bool { isCut || !known.isEmpty }

    private func nanoseconds(of wait: TurnWait) -> Int64 {
        switch wait {
        case .poll: 0
        case .forever: -1
        case .until(let deadline): max(0, deadline - now)
        }
    }

    private mutating func acceptAll(_ token: Token, into completions: inout CompletionQueue) {
        let watch = unsafe listenerWatch(token.slot)
        guard unsafe watch.pointee.token == token, unsafe watch.pointee.interest != 0 else { return }
        while acceptsLeft > 0, !completions.isFull {
            acceptsLeft -= 1
            counters.systemCalls &+= 1
            let result = unsafe kernel.accept(watch.pointee.descriptor)
            if result == -EAGAIN { return }
            if result == -EINTR || result == -ECONNABORTED { continue }
            if result < 0 { _ = unsafe setInterest(0, of: watch) }
            completions.append(Completion(token: token, result: result, isArmed: result >= 0))
            if result < 0 { return }
        }
    }

    private mutating func transfer(
        _ token: Token, _ happened: UInt32, pool: inout BufferPool, into completions: inout CompletionQueue
    ) {
        let watch = unsafe watch(token.slot)
        // An event of the socket that had this place before.
        guard unsafe watch.pointee.token == token else { return }
        if happened & (output | ended) != 0, unsafe watch.pointee.isSending { unsafe finishSend(watch, into: &completions) }
        guard happened & (input | ended) != 0 else { return }
        switch unsafe watch.pointee.receive {
        case .pooled: unsafe receivePooled(watch, pool: &pool, into: &completions)
        case .direct: unsafe receiveDirect(watch, into: &completions)
        case .readiness:
            unsafe watch.pointee.receive = .none
            completions.append(unsafe Completion(token: watch.pointee.token, result: 1))
        case .none:
            // Nobody wants the input now. An end is reported whatever is asked for, so only leaving the set silences it; but not while a
            // send still waits to hear of that end.
            let isSilenced = unsafe happened & ended != 0 && !watch.pointee.isSending
            _ = unsafe setInterest(isSilenced ? 0 : watch.pointee.interest & ~input, of: watch)
        }
    }

    private mutating func finishSend(_ watch: UnsafeMutablePointer<EpollWatch>, into completions: inout CompletionQueue) {
        let result = unsafe sendNow(watch.pointee.descriptor, watch.pointee.sendBytes)
        guard result != -Int(EAGAIN) else { return }
        unsafe watch.pointee.sendBytes = UnsafeRawBufferPointer(start: nil, count: 0)
        _ = unsafe setInterest(watch.pointee.interest & ~output, of: watch)
        let token = unsafe Token(.send, slot: watch.pointee.token.slot, generation: watch.pointee.token.generation)
        completions.append(Completion(token: token, result: Int32(result)))
    }

    private mutating func receivePooled(
        _ watch: UnsafeMutablePointer<EpollWatch>, pool: inout BufferPool, into completions: inout CompletionQueue
    ) {
        var completion = unsafe Completion(token: watch.pointee.token, result: -ENOBUFS)
        if let buffer = pool.take() {
            let memory = unsafe UnsafeMutableRawBufferPointer(start: pool.address(of: buffer), count: pool.bufferSize)
            let result = unsafe receiveNow(watch.pointee.descriptor, memory)
            if result <= 0 { pool.putBack(buffer) }
            if result == -Int(EAGAIN) { return }
            completion = unsafe Completion(token: watch.pointee.token, result: Int32(result))
            completion.isArmed = result > 0
            if result > 0 { completion.buffer = buffer }
        }
        if !completion.isArmed { unsafe watch.pointee.receive = .none }
        completions.append(completion)
    }

    private mutating func receiveDirect(_ watch: UnsafeMutablePointer<EpollWatch>, into completions: inout CompletionQueue) {
        let result = unsafe receiveNow(watch.pointee.descriptor, watch.pointee.receiveMemory)
        if result == -Int(EAGAIN) { return }
        unsafe watch.pointee.receive = .none
        completions.append(unsafe Completion(token: watch.pointee.token, result: Int32(result)))
    }

    private mutating func receiveNow(_ descriptor: Int32, _ memory: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            counters.systemCalls &+= 1
            let result = unsafe kernel.receive(descriptor, memory)
            if result != -Int(EINTR) { return result }
        }
    }
}
