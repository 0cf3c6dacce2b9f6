internal import Glibc
package import RingIPC

// Sockets as a program sees them; and what can go wrong with each call.

extension SimulatedKernel: KernelDouble {
    package var now: Int64 { nanoseconds }

    package func listen(on endpoint: Endpoint, backlog: Int32) -> Int32 {
        tick()
        guard listener(named: endpoint.description) == nil else { return -EADDRINUSE }
        return open(.listener(SimulatedListener(endpointName: endpoint.description, backlog: Int(backlog))))
    }

    package func connect(to endpoint: Endpoint) -> Int32 {
        tick()
        switch connection(to: endpoint) {
        case .failure(let error):
            trace.note("connect", -1, -Int(error.number), at: nanoseconds)
            return -error.number
        case .success(let socket):
            let descriptor = open(.socket(socket))
            trace.note("connect", descriptor, socket.connection, at: nanoseconds)
            return descriptor
        }
    }

    /// Our end of a new connection. The other one waits in the listen queue, and can be sent to.
    func connection(to endpoint: Endpoint) -> Result<SimulatedSocket, Errno> {
        guard let listener = listener(named: endpoint.description) else {
            // The file of a listener goes with it; an abstract name is never missing, only silent.
            if case .path = endpoint { return .failure(Errno(ENOENT)) }
            return .failure(Errno(ECONNREFUSED))
        }
        // One more than the backlog, as Linux has it.
        guard listener.queue.count <= listener.backlog else { return .failure(Errno(EAGAIN)) }
        connectionCount += 1
        let isVictim = isEndangered(endpoint)
        let ours = SimulatedSocket(connection: connectionCount, isVictim: isVictim, capacity: limits.socketCapacity)
        let theirs = SimulatedSocket(connection: connectionCount, isVictim: isVictim, capacity: limits.socketCapacity)
        ours.peer = theirs
        theirs.peer = ours
        for end in [ours, theirs] where occurs(.peerGone, on: end) { end.remainingLife = random.number(0...random.pick([24, 200, 4_000])) }
        listener.queue.append(theirs)
        return .success(ours)
    }

    package func accept(_ descriptor: Int32) -> Int32 {
        tick()
        let result = acceptNext(descriptor)
        trace.note("accept", descriptor, Int(result), at: nanoseconds)
        return result
    }

    private func acceptNext(_ descriptor: Int32) -> Int32 {
        guard case .listener(let listener)? = object(descriptor, for: "accept") else { return -EBADF }
        if occurs(.interruptedCall) { return -EINTR }
        if occurs(.falseReadiness) { return -EAGAIN }
        if occurs(.processDescriptorsExhausted) { return -EMFILE }
        if occurs(.systemDescriptorsExhausted) { return -ENFILE }
        if occurs(.acceptOutOfMemory) { return -ENOMEM }
        guard let first = listener.queue.first else { return -EAGAIN }
        listener.queue.removeFirst()
        if occurs(.connectionAborted, on: first) {
            first.refuse()
            return -ECONNABORTED
        }
        return open(.socket(first))
    }

    package func receive(_ descriptor: Int32, _ memory: UnsafeMutableRawBufferPointer) -> Int {
        tick()
        guard let socket = socket(descriptor, for: "receive") else { return -Int(EBADF) }
        let result = unsafe receive(from: socket, memory)
        trace.note("receive", descriptor, result, at: nanoseconds)
        return result
    }

    /// What recv(2) says: bytes, 0 at the end, or a negated errno. The rest of the memory is overwritten, which nobody may read.
    func receive(from socket: SimulatedSocket, _ memory: UnsafeMutableRawBufferPointer) -> Int {
        if occurs(.interruptedCall) { return -Int(EINTR) }
        if socket.isReadable, occurs(.falseReadiness) { return -Int(EAGAIN) }
        if occurs(.connectionReset, on: socket) {
            socket.inbox.removeAll()
            socket.sever(with: 0)
            return -Int(ECONNRESET)
        }
        guard !socket.inbox.isEmpty else {
            if socket.error != 0 {
                defer { socket.error = 0 }
                return -Int(socket.error)
            }
            return socket.isReceiveShut ? 0 : -Int(EAGAIN)
        }
        var wanted = memory.count
        if occurs(.shortReceive) { wanted = random.number(1...min(wanted, socket.inbox.count)) }
        let count = unsafe socket.inbox.take(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<wanted]))
        unsafe Self.overwrite(UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
        return count
    }

    static func overwrite(_ memory: UnsafeMutableRawBufferPointer) { unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xDB) }

    package func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        tick()
        guard let socket = socket(descriptor, for: "send") else { return -Int(EBADF) }
        let result = unsafe send(to: socket, bytes)
        trace.note("send", descriptor, result, at: nanoseconds)
        return result
    }

    /// What send(2) says: how many bytes the kernel took, or a negated errno.
    func send(to socket: SimulatedSocket, _ bytes: UnsafeRawBufferPointer) -> Int {
        if occurs(.interruptedCall) { return -Int(EINTR) }
        if occurs(.falseReadiness) { return -Int(EAGAIN) }
        for (kind, number) in [(FaultKind.brokenPipe, EPIPE), (.connectionReset, ECONNRESET)] where occurs(kind, on: socket) {
            socket.sever(with: 0)
            return -Int(number)
        }
        guard !socket.isSendShut, let peer = socket.peer, !peer.isReceiveShut else { return -Int(EPIPE) }
        guard unsafe !bytes.isEmpty else { return 0 }
        var count = min(bytes.count, socket.room)
        guard count > 0 else { return -Int(EAGAIN) }
        if occurs(.shortSend) { count = random.number(1...count) }
        if let life = socket.remainingLife { count = min(count, life) }
        unsafe peer.inbox.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        if let life = socket.remainingLife {
            socket.remainingLife = life - count
            if life == count { socket.sever(with: random.pick([0, ECONNRESET])) }
        }
        return count > 0 ? count : -Int(EPIPE)
    }

    package func shutdown(_ descriptor: Int32, _ direction: ShutdownDirection) {
        tick()
        trace.note("shutdown", descriptor, direction == .both ? 2 : 1, at: nanoseconds)
        guard let socket = socket(descriptor, for: "shutdown") else { return }
        switch direction {
        case .sending: socket.shutDownSending()
        case .both: socket.shutDownBoth()
        }
    }

    package func unreadBytes(_ descriptor: Int32) -> Int32 {
        tick()
        return Int32(socket(descriptor, for: "SIOCOUTQ")?.peer?.inbox.count ?? 0)
    }

    package func hasInput(_ descriptor: Int32) -> Bool {
        tick()
        guard let socket = socket(descriptor, for: "peek") else { return false }
        // It is a receive that leaves the bytes where they are; a pending error it takes.
        if socket.inbox.isEmpty { socket.error = 0 }
        return !socket.inbox.isEmpty
    }

    /// Everybody is a process of the user who runs the simulation.
    package func credentials(of descriptor: Int32) -> PeerCredentials {
        let connection = socket(descriptor, for: "SO_PEERCRED")?.connection ?? 0
        return PeerCredentials(processIdentifier: Int32(1_000 + connection), userIdentifier: geteuid(), groupIdentifier: getegid())
    }

    package func makeEvent() -> Int32 { open(.event(SimulatedEvent())) }

    package func signal(_ descriptor: Int32) {
        tick()
        if case .event(let event)? = object(descriptor, for: "signal") { event.count += 1 }
    }

    package func drain(_ descriptor: Int32) {
        tick()
        if case .event(let event)? = object(descriptor, for: "drain") { event.count = 0 }
    }
}
