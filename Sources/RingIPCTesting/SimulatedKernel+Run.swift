public import RingIPC

// Making loops, and running them.

/// Why a run ended before it should have.
public struct SimulationFailure: Error, CustomStringConvertible {
    /// The run to repeat.
    public let seed: UInt64
    /// What was broken; empty when the steps did not suffice.
    public let violations: [Violation]

    /// The seed and what was broken, one line per promise.
    public var description: String {
        let what = violations.isEmpty ? "the steps did not suffice" : violations.map(\.description).joined(separator: "\n  ")
        return "seed \(seed): \(what)"
    }
}

extension SimulatedKernel {
    /// Makes a loop over this kernel. It takes part from now on; `run` of the loop itself is refused.
    ///
    /// - Parameter configuration: `backend` says which of the backends runs above the kernel: epoll's for `.epoll`, io_uring's
    ///   otherwise. Of the wait strategies a simulated loop knows two: it blocks, unless it is moderated.
    /// - Throws: `TransportError`: `invalidConfiguration`, as the initializer of `EventLoop`.
    public func makeLoop(_ configuration: Configuration = Configuration()) throws(TransportError) -> EventLoop {
        tick()
        var configuration = configuration
        if case .moderated = configuration.wait {} else { configuration.wait = .block }
        let loop = try EventLoop(configuration: configuration, over: self)
        let entry = SimulatedLoop(loop: loop)
        entry.stepped = try loop.stepped()
        loops.append(entry)
        return loop
    }

    /// Makes several loops that share the connections which the first one accepts. Listen on the group; its `run` is refused.
    ///
    /// - Parameters:
    ///   - count: at least one.
    ///   - configuration: that of each loop, as for ``makeLoop(_:)``.
    /// - Throws: `TransportError`: `invalidConfiguration`.
    public func makeGroup(loops count: Int, _ configuration: Configuration = Configuration()) throws(TransportError) -> EventLoopGroup {
        var loops: [EventLoop] = []
        for _ in 0..<count { loops.append(try makeLoop(configuration)) }
        return EventLoopGroup(over: loops)
    }

    /// Connects a peer that is no loop: a test plays it byte by byte.
    ///
    /// - Throws: `TransportError`: `notFound` for a path at which nobody listens, `connectionRefused` for any other name, `timedOut` while
    ///   the listen queue is full.
    public func connect(to endpoint: Endpoint) throws(TransportError) -> SimulatedPeer {
        tick()
        switch connection(to: endpoint) {
        case .success(let socket): return SimulatedPeer(socket, of: self)
        case .failure(let error): throw TransportError(simulatedConnect: error, to: endpoint)
        }
    }

    /// One turn of one loop, drawn among those that have something to do; if there is none, time passes until one has.
    ///
    /// Broken promises are noted in ``violations``; ``run(steps:until:)`` throws them.
    ///
    /// - Parameter patience: how much time may pass, in the kernel's clock.
    /// - Returns: whether anything happens within that time. If not, no time has passed.
    @discardableResult
    public func step(within patience: Duration = .seconds(1 << 30)) -> Bool {
        var runnable = loops.filter(isRunnable)
        if runnable.isEmpty {
            guard let next = nextMoment, .nanoseconds(next - nanoseconds) <= patience else { return false }
            nanoseconds = next
            runnable = loops.filter(isRunnable)
            // A completion that arrives wakes the loop that waits for it; there may be none that waits.
            guard !runnable.isEmpty else { return true }
        }
        turn(runnable[random.number(0...(runnable.count - 1))])
        return true
    }

    private func turn(_ loop: SimulatedLoop) {
        loop.waitsOn = nil
        loop.isPaused = false
        loop.wakeTime = .max
        current = loop
        trace.note("turn", Int32(loops.firstIndex { $0 === loop } ?? -1), 0, at: nanoseconds)
        defer { current = nil }
        do { try loop.stepped?.turn() } catch {
            report(.loops, "a loop ended with \(error)")
            end(loop)
        }
        guard let stepped = loop.stepped else { return }
        check(stepped.audit)
        stepped.overwriteFreeBuffers(with: 0xDD)
        if stepped.isStopped { end(loop) }
    }

    private func check(_ audit: LoopAudit) {
        if audit.connections > audit.maximumConnections { report(.bounds, "\(audit.connections) connections") }
        if audit.lentBuffers != audit.heldBuffers { report(.buffers, "\(audit.lentBuffers) are lent, \(audit.heldBuffers) are held") }
        if audit.spanningBytes > audit.spanningLimit { report(.bounds, "\(audit.spanningBytes) bytes for spanning frames") }
        // The hello and the goodbye may come on top.
        if audit.longestQueue > audit.outboundLimit + 32 { report(.bounds, "\(audit.longestQueue) bytes are queued") }
    }

    /// Connections that the loops hold, whatever their state. Both ends of a connection between two loops count.
    public var openConnections: Int { loops.reduce(0) { $0 + ($1.stepped?.audit.connections ?? 0) } }

    /// What all sockets and loops are about, one line per connection: for a run that stands still.
    public var states: [String] {
        let sockets = objects.enumerated().compactMap { index, object -> String? in
            guard case .socket(let socket)? = object else { return nil }
            return "descriptor \(Self.firstDescriptor + Int32(index)) of connection \(socket.connection): "
                + "\(socket.inbox.count) of \(socket.capacity) bytes to read, \(socket.isReceiveShut ? "at end" : "open"), "
                + (socket.isSendShut ? "sends no more" : "room for \(socket.room)")
        }
        return sockets
            + loops.enumerated().flatMap { index, loop in
                guard let stepped = loop.stepped else { return ["loop \(index) is over"] }
                let audit = stepped.audit
                let summary =
                    "loop \(index): \(audit.connections) connections, \(audit.lentBuffers) of \(audit.pooledBuffers) buffers lent, "
                    + "\(audit.spanningBytes) of \(audit.spanningLimit) bytes for spanning frames"
                return [summary] + stepped.states.map { "  \($0)" }
            }
    }

    private func end(_ loop: SimulatedLoop) {
        current = nil
        loop.stepped?.finish()
        loop.stepped = nil
    }

    /// Steps until `isDone` says so, or nothing happens any more.
    ///
    /// - Parameters:
    ///   - steps: the most turns that this may take.
    ///   - isDone: asked before every turn.
    /// - Throws: ``SimulationFailure`` at the first broken promise, and when `steps` do not suffice.
    public func run(steps: Int, until isDone: () -> Bool = { false }) throws(SimulationFailure) {
        for _ in 0..<steps {
            if isDone() { return }
            let goesOn = step()
            if !violations.isEmpty { throw SimulationFailure(seed: seed, violations: violations) }
            if !goesOn { return }
        }
        if !isDone() { throw SimulationFailure(seed: seed, violations: []) }
    }

    /// Ends all loops and looks whether everything is home. The kernel cannot be used afterwards.
    ///
    /// - Throws: ``SimulationFailure`` with everything that was broken.
    public func finish() throws(SimulationFailure) {
        for loop in loops { end(loop) }
        loops.removeAll()
        for (index, object) in objects.enumerated() {
            if let object { report(.leaks, "descriptor \(index) was not closed: \(object)") }
        }
        if !violations.isEmpty { throw SimulationFailure(seed: seed, violations: violations) }
    }
}
