internal import Glibc
internal import RingIPC

// What the kernel does about a ring's requests, and how it tells.

extension SimulatedKernel {
    func start(_ operation: SimulatedRing.Operation, _ ring: SimulatedRing) {
        let token = operation.request.token
        if case .cancel(let target) = operation.request.kind { return cancel(target, operation, ring) }
        if token.operation == .receive || token.operation == .send,
            ring.underWay.contains(where: { !$0.isOver && $0.request.token == token })
        {
            report(.operations, "\(token) was begun while the one before it was under way")
        }
        if case .receive(let memory) = operation.request.kind { unsafe Self.overwrite(memory) }
        if occurs(.delayedCompletion) { operation.notBefore = nanoseconds + delay() }
        ring.underWay.append(operation)
        attempt(operation, ring)
        ring.underWay.removeAll(where: \.isOver)
    }

    private func delay() -> Int64 { Int64(random.number(1_000...random.pick([5_000, 100_000, 3_000_000]))) }

    private func cancel(_ target: Token, _ cancellation: SimulatedRing.Operation, _ ring: SimulatedRing) {
        guard let operation = ring.underWay.first(where: { $0.request.token == target && !$0.isOver }) else {
            return finish(cancellation, -ENOENT, ring)
        }
        finish(operation, -ECANCELED, ring)
        finish(cancellation, 0, ring)
        ring.underWay.removeAll(where: \.isOver)
    }

    /// Everything that can be done now, and everything that has arrived.
    func work(_ ring: SimulatedRing) {
        var operations = ring.underWay
        if operations.count > 1, occurs(.reorderedCompletions) { operations.shuffle(using: &random) }
        for operation in operations { attempt(operation, ring) }
        ring.underWay.removeAll(where: \.isOver)
        deliverArrivals(ring)
    }

    /// Whether something could come of an operation now.
    func isReady(_ operation: SimulatedRing.Operation) -> Bool {
        guard !operation.isOver, operation.notBefore <= nanoseconds else { return false }
        switch (operation.request.kind, object(operation.request.descriptor, for: "a ring's operation")) {
        case (.accept, .listener(let listener)?): return !listener.queue.isEmpty
        case (.receivePooled, .socket(let socket)?), (.receive, .socket(let socket)?), (.awaitInput, .socket(let socket)?):
            return socket.isReadable
        case (.send, .socket(let socket)?): return socket.answersSend
        case (.read, .event(let event)?): return event.count > 0
        default: return false
        }
    }

    private func attempt(_ operation: SimulatedRing.Operation, _ ring: SimulatedRing) {
        guard isReady(operation) else { return }
        switch (operation.request.kind, object(operation.request.descriptor, for: "a ring's operation")) {
        case (.accept(let multishot), .listener(let listener)?): accept(operation, listener, multishot, ring)
        case (.receivePooled(let multishot), .socket(let socket)?): receivePooled(operation, socket, multishot, ring)
        case (.receive(let memory), .socket(let socket)?):
            if occurs(.requestCancelled) { return finish(operation, -ECANCELED, ring) }
            finish(operation, Int32(unsafe receive(from: socket, memory)), ring)
        case (.awaitInput, .socket): finish(operation, 1, ring)
        case (.send(let bytes), .socket(let socket)?):
            if occurs(.requestCancelled) { return finish(operation, -ECANCELED, ring) }
            finish(operation, Int32(unsafe send(to: socket, bytes)), ring)
        case (.read, .event(let event)?):
            event.count = 0
            finish(operation, 8, ring)
        default: break
        }
    }

    private func accept(
        _ operation: SimulatedRing.Operation, _ listener: SimulatedListener, _ multishot: Bool, _ ring: SimulatedRing
    ) {
        while !listener.queue.isEmpty, !operation.isOver {
            let result = accept(operation.request.descriptor)
            if result >= 0, multishot, !occurs(.multishotEnded) {
                post(RingCompletion(token: operation.request.token.bits, result: result, flags: RingCompletion.more), operation, ring)
            } else {
                finish(operation, result, ring)
            }
        }
    }

    private func receivePooled(
        _ operation: SimulatedRing.Operation, _ socket: SimulatedSocket, _ multishot: Bool, _ ring: SimulatedRing
    ) {
        while socket.isReadable, !operation.isOver {
            if occurs(.requestCancelled) { return finish(operation, -ECANCELED, ring) }
            guard unsafe !ring.buffers.isEmpty, !occurs(.bufferShortage) else { return finish(operation, -ENOBUFS, ring) }
            let buffer = unsafe ring.buffers[0]
            let result = Int32(unsafe receive(from: socket, buffer.memory))
            // The end of a stream may come with a buffer that nothing was written to.
            let takesBuffer = result > 0 || result == 0 && random.chance(0.3)
            var flags: UInt32 = 0
            if takesBuffer {
                flags = unsafe RingCompletion.hasBuffer | UInt32(buffer.number) << RingCompletion.bufferShift
                ring.isProvided[unsafe Int(buffer.number)] = false
                unsafe ring.buffers.removeFirst()
            }
            if result > 0, multishot, !occurs(.multishotEnded) {
                flags |= RingCompletion.more
                post(RingCompletion(token: operation.request.token.bits, result: result, flags: flags), operation, ring)
            } else {
                finish(operation, result, flags: flags, ring)
            }
        }
    }

    // MARK: Telling

    /// The last completion of an operation.
    func finish(_ operation: SimulatedRing.Operation, _ result: Int32, flags: UInt32 = 0, _ ring: SimulatedRing) {
        operation.isOver = true
        if case .receive(let memory) = operation.request.kind, result < 0 { unsafe Self.overwrite(memory) }
        post(RingCompletion(token: operation.request.token.bits, result: result, flags: flags), operation, ring)
    }

    private func post(_ completion: RingCompletion, _ operation: SimulatedRing.Operation, _ ring: SimulatedRing) {
        trace.note("completion", Int32(truncatingIfNeeded: operation.request.descriptor), Int(completion.result), at: nanoseconds)
        let time = max(operation.lastArrival, occurs(.delayedCompletion) ? nanoseconds + delay() : nanoseconds)
        operation.lastArrival = time
        let isSend = operation.request.token.operation == .send
        ring.arriving.append(SimulatedRing.Arrival(time: time, completion: completion, operation: isSend ? operation : nil))
    }

    /// Completions whose time has come enter the queue, or wait for room. Those of one operation keep their order.
    private func deliverArrivals(_ ring: SimulatedRing) {
        guard !ring.arriving.isEmpty else { return }
        let isReordered = ring.arriving.count > 1 && occurs(.reorderedCompletions)
        var due: [SimulatedRing.Arrival] = []
        var later: [SimulatedRing.Arrival] = []
        for arrival in ring.arriving {
            // An operation's completions have ascending times, and so stay in order among themselves.
            if arrival.time <= nanoseconds { due.append(arrival) } else { later.append(arrival) }
        }
        ring.arriving = later
        if isReordered { due = mix(due) }
        for arrival in due {
            if ring.completions.count < ring.completionEntries, ring.overflow.isEmpty {
                ring.completions.append(arrival)
            } else {
                note(.completionOverflow)
                ring.overflow.append(arrival)
            }
        }
    }

    /// In random order, but for those of one token.
    private func mix(_ arrivals: [SimulatedRing.Arrival]) -> [SimulatedRing.Arrival] {
        var places = Array(arrivals.indices)
        places.shuffle(using: &random)
        var taken = Array(repeating: false, count: arrivals.count)
        return places.map { place in
            let token = arrivals[place].completion.token
            let first = arrivals.indices.first { !taken[$0] && arrivals[$0].completion.token == token }!
            taken[first] = true
            return arrivals[first]
        }
    }

    func flushOverflow(_ ring: SimulatedRing) {
        while !ring.overflow.isEmpty, ring.completions.count < ring.completionEntries {
            ring.completions.append(ring.overflow.removeFirst())
        }
    }
}

extension SimulatedRing {
    /// Whether a loop that sleeps on the ring would be woken.
    func hasSomethingToDo(_ kernel: SimulatedKernel) -> Bool {
        if !completions.isEmpty || !overflow.isEmpty || arriving.contains(where: { $0.time <= kernel.nanoseconds }) { return true }
        return underWay.contains(where: kernel.isReady)
    }
}
