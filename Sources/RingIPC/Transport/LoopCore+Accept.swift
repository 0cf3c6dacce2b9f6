internal import CRingIPC

/// A listener of a loop, and what happens to those who connect to it.
final class ListenerEntry {
    let socket: ListeningSocket
    /// Makes the handler of a new connection, on the loop that will run it.
    let makeHandler: @Sendable (PeerCredentials?) -> AnyConnectionHandler
    /// The loops that accepted connections are spread over, in turn; empty for this loop alone.
    let siblings: [EventLoop]
    var nextSibling = 0
    var isArmed = false

    init(
        socket: consuming ListeningSocket, siblings: [EventLoop],
        makeHandler: @escaping @Sendable (PeerCredentials?) -> AnyConnectionHandler
    ) {
        self.socket = socket
        self.siblings = siblings
        self.makeHandler = makeHandler
    }
}

/// An accepted socket, and the listener that it came to.
struct Arrival {
    let descriptor: Int32
    let listener: Int
}

extension LoopCore where B: ~Copyable {
    mutating func addListener(_ entry: ListenerEntry) throws(TransportError) {
        guard listeners.count < ListenerTable.capacity else {
            throw TransportError(
                .invalidConfiguration, during: .listen, on: entry.socket.endpoint,
                detail: "a loop has at most \(ListenerTable.capacity) listeners")
        }
        let slot = ConnectionID(slot: UInt32(listeners.count), generation: 1)
        try backend.attachListener(entry.socket.descriptor, slot: slot)
        listeners.append(entry)
        arm(entry, slot)
    }

    private mutating func arm(_ entry: ListenerEntry, _ slot: ConnectionID) {
        entry.isArmed = true
        backend.accept(entry.socket.descriptor, slot: slot)
    }

    mutating func accepted(_ completion: Completion) {
        let index = Int(completion.token.slot)
        guard index < listeners.count, let entry = listeners[index] else {
            if completion.result >= 0 { backend.kernel.close(completion.result) }
            return
        }
        entry.isArmed = completion.isArmed
        if completion.result >= 0 {
            arrivals.append(Arrival(descriptor: completion.result, listener: index))
            welcomeArrivals()
        } else if ![-ECANCELED, -EINTR, -EAGAIN, -ECONNABORTED].contains(completion.result) {
            // EMFILE, ENFILE, ENOMEM: accepting goes on when a connection has ended, or after a while.
            statistics.acceptFailures &+= 1
            acceptRetry = min(acceptRetry, now + Self.acceptPause)
        }
        rearm(entry, index)
    }

    /// A multishot accept brings the whole listen queue at once: to take in hundreds would keep everybody else waiting for milliseconds.
    private static var maximumWelcomes: Int { 64 }

    mutating func welcomeArrivals() {
        while let first = arrivals.first, welcomeCount < Self.maximumWelcomes || isStopping {
            arrivals.removeFirst()
            welcomeCount += 1
            let socket = Socket(owning: first.descriptor, of: backend.kernel.double)
            if let entry = listeners[first.listener] { welcome(socket, entry) }
        }
    }

    private static var acceptPause: Int64 { 50_000_000 }

    private mutating func rearm(_ entry: ListenerEntry, _ index: Int) {
        guard !entry.isArmed, !isStopping, acceptRetry == .max else { return }
        arm(entry, ConnectionID(slot: UInt32(index), generation: 1))
    }

    mutating func resumeAccepting() {
        acceptRetry = .max
        for (index, entry) in listeners.enumerated() {
            if let entry { rearm(entry, index) }
        }
    }

    private mutating func welcome(_ socket: consuming Socket, _ entry: ListenerEntry) {
        guard !isStopping, let peer = try? entry.socket.admits(socket) else {
            statistics.refusedPeers &+= 1
            return
        }
        statistics.acceptedConnections &+= 1
        guard !entry.siblings.isEmpty else {
            open(socket, peer: peer, handler: entry.makeHandler(peer))
            return
        }
        let loop = entry.siblings[entry.nextSibling % entry.siblings.count]
        entry.nextSibling &+= 1
        loop.adopt(socket, peer: peer, makeHandler: entry.makeHandler)
    }

    /// Takes a connected socket in. A loop that is full, or a kernel that refuses, costs only this connection.
    mutating func open(_ socket: consuming Socket, peer: PeerCredentials?, handler: AnyConnectionHandler) {
        guard let id = table.reserve() else {
            statistics.refusedPeers &+= 1
            return handler.closed(
                .failed(
                    TransportError(
                        .descriptorsExhausted, during: .accept,
                        detail: "the loop has its maximumConnections of \(configuration.maximumConnections)")))
        }
        do { try backend.attach(socket.descriptor, connection: id) } catch {
            table.cancelReservation(id)
            return handler.closed(.failed(error))
        }
        let outbound = Outbound(configuration: configuration, pool: chunks, connection: id)
        let isNative = parser.form == .native
        let slot = unsafe table.insert(
            ConnectionSlot(
                id: id, descriptor: socket.release(), handler: .passRetained(handler), outbound: outbound,
                phase: isNative ? .awaitingHello : .open))
        if isNative {
            let hello = unsafe Hello(maximumFrameLength: slot.pointee.outbound.maximumFrameLength)
            unsafe slot.pointee.outbound.appendControl(length: Hello.encodedLength) { unsafe hello.write(to: $0) }
            unsafe setDeadline(time(after: configuration.helloTimeout), of: slot)
            unsafe markDirty(slot)
        } else {
            unsafe handler.opened(&slot.pointee.outbound)
            unsafe afterHandler(slot)
        }
        unsafe goOn(slot)
    }
}
