internal import CRingIPC

/// A listener of a loop, and what happens to those who connect to it.
final class ListenerEntry {
    /// What becomes of an accepted peer.
    enum Welcome {
        /// It gets a handler, on the loop that will run it: one of the siblings in turn, or this loop if there are none.
        case handler(siblings: [EventLoop], make: @Sendable (PeerCredentials?) -> AnyConnectionHandler)
        /// The listener's owner takes the socket, inside the turn, and says whether it takes more; see ``LoopCore/resumeAccepting(_:)``.
        case owner((SocketParcel, PeerCredentials) -> Bool)
    }

    let socket: ListeningSocket
    let welcome: Welcome
    var nextSibling = 0
    /// Its name in the loop; set when it is added.
    var slot = ConnectionID.unlisted
    var isArmed = false
    /// Its owner wants nobody for now.
    var isHeldBack = false
    /// It goes as soon as the kernel has let go of it.
    var isClosing = false
    /// Descriptors of those who were accepted when nobody was wanted any more.
    var waiting: [Int32] = []

    init(socket: consuming ListeningSocket, welcome: Welcome) {
        self.socket = socket
        self.welcome = welcome
    }
}

/// An accepted socket, and the listener that it came to.
struct Arrival {
    let descriptor: Int32
    let entry: ListenerEntry
}

extension LoopCore where B: ~Copyable {
    /// Returns the listener's name in this loop.
    mutating func addListener(_ entry: ListenerEntry) throws(TransportError) -> ConnectionID {
        let place = listeners.firstIndex { $0 == nil } ?? listeners.count
        guard place < ListenerTable.capacity else {
            throw TransportError(
                .invalidConfiguration, during: .listen, on: entry.socket.endpoint,
                detail: "a loop has at most \(ListenerTable.capacity) listeners")
        }
        listenerCount &+= 1
        entry.slot = ConnectionID(slot: UInt32(place), generation: listenerCount)
        try backend.attachListener(entry.socket.descriptor, slot: entry.slot)
        if place < listeners.count { listeners[place] = entry } else { listeners.append(entry) }
        // epoll watches it from the start.
        if entry.isHeldBack { backend.cancel(.accept, connection: entry.slot) } else { arm(entry) }
        return entry.slot
    }

    private func findListener(_ slot: ConnectionID) -> ListenerEntry? {
        guard Int(slot.slot) < listeners.count, let entry = listeners[Int(slot.slot)], entry.slot == slot else { return nil }
        return entry
    }

    private mutating func arm(_ entry: ListenerEntry) {
        entry.isArmed = true
        backend.accept(entry.socket.descriptor, slot: entry.slot)
    }

    mutating func accepted(_ completion: Completion) {
        let index = Int(completion.token.slot)
        guard index < listeners.count, let entry = listeners[index], Token(.accept, entry.slot) == completion.token else {
            if completion.result >= 0 { backend.kernel.close(completion.result) }
            return
        }
        entry.isArmed = completion.isArmed
        if entry.isClosing, !entry.isArmed { listeners[index] = nil }
        if completion.result >= 0, entry.isClosing {
            backend.kernel.close(completion.result)
        } else if completion.result >= 0 {
            arrivals.append(Arrival(descriptor: completion.result, entry: entry))
            welcomeArrivals()
        } else if ![-ECANCELED, -EINTR, -EAGAIN, -ECONNABORTED].contains(completion.result) {
            // EMFILE, ENFILE, ENOMEM: accepting goes on when a connection has ended, or after a while.
            statistics.acceptFailures &+= 1
            acceptRetry = min(acceptRetry, now + Self.acceptPause)
        }
        rearm(entry)
    }

    /// A multishot accept brings the whole listen queue at once: to take in hundreds would keep everybody else waiting for milliseconds.
    private static var maximumWelcomes: Int { 64 }

    mutating func welcomeArrivals() {
        while let first = arrivals.first, welcomeCount < Self.maximumWelcomes || isStopping {
            arrivals.removeFirst()
            if first.entry.isHeldBack {
                first.entry.waiting.append(first.descriptor)
            } else {
                welcomeCount += 1
                welcome(Socket(owning: first.descriptor, of: backend.kernel.double), first.entry)
            }
        }
    }

    private static var acceptPause: Int64 { 50_000_000 }

    private mutating func rearm(_ entry: ListenerEntry) {
        guard !entry.isArmed, !isStopping, acceptRetry == .max, !entry.isHeldBack, !entry.isClosing else { return }
        arm(entry)
    }

    mutating func retryAccepting() {
        acceptRetry = .max
        for entry in listeners.compactMap({ $0 }) { rearm(entry) }
    }

    private mutating func welcome(_ socket: consuming Socket, _ entry: ListenerEntry) {
        guard !isStopping, let peer = try? entry.socket.admits(socket) else {
            statistics.refusedPeers &+= 1
            return
        }
        statistics.acceptedConnections &+= 1
        switch entry.welcome {
        case .owner(let take):
            if !take(SocketParcel(socket), peer) { pauseAccepting(entry.slot) }
        case .handler(let siblings, let make):
            guard !siblings.isEmpty else {
                open(socket, peer: peer, handler: make(peer))
                return
            }
            let loop = siblings[entry.nextSibling % siblings.count]
            entry.nextSibling &+= 1
            loop.adopt(socket, peer: peer, makeHandler: make)
        }
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
                id: id, descriptor: socket.release(), peer: peer, handler: .passRetained(handler), outbound: outbound,
                phase: isNative ? .awaitingHello : .open))
        if isNative {
            if unsafe !offerLane(slot) {
                let hello = unsafe Hello(maximumFrameLength: slot.pointee.outbound.maximumFrameLength)
                unsafe slot.pointee.outbound.appendControl(length: Hello.encodedLength) { unsafe hello.write(to: $0) }
                unsafe markDirty(slot)
            }
            unsafe setDeadline(time(after: configuration.helloTimeout), of: slot)
        } else {
            unsafe handler.opened(&slot.pointee.outbound)
            unsafe afterHandler(slot)
        }
        unsafe goOn(slot)
    }
}

// MARK: Listeners whose owner takes the sockets

extension LoopCore where B: ~Copyable {
    /// Whoever connects from here on waits in the listen queue. Some may have been accepted already: they wait here.
    mutating func pauseAccepting(_ slot: ConnectionID) {
        guard let entry = findListener(slot), !entry.isHeldBack else { return }
        entry.isHeldBack = true
        if entry.isArmed { backend.cancel(.accept, connection: slot) }
    }

    /// Those who wait are taken first, in a turn.
    mutating func resumeAccepting(_ slot: ConnectionID) {
        guard let entry = findListener(slot), entry.isHeldBack else { return }
        entry.isHeldBack = false
        admitWaiting(entry)
        rearm(entry)
    }

    /// Nobody is taken any more, and those who wait are turned away. The socket is closed, and its file removed, when the kernel has let go
    /// of it: in a turn, if it was armed.
    mutating func removeListener(_ slot: ConnectionID) {
        guard let entry = findListener(slot), !entry.isClosing else { return }
        entry.isClosing = true
        if entry.isArmed, !entry.isHeldBack { backend.cancel(.accept, connection: slot) }
        turnAway(entry)
        if !entry.isArmed { listeners[Int(slot.slot)] = nil }
    }

    private mutating func turnAway(_ entry: ListenerEntry) {
        let arrived = arrivals.filter { $0.entry === entry }.map(\.descriptor)
        arrivals.removeAll { $0.entry === entry }
        for descriptor in arrived + entry.waiting {
            statistics.refusedPeers &+= 1
            backend.kernel.close(descriptor)
        }
        entry.waiting.removeAll()
    }

    /// Those who were accepted and held come up in the next turn.
    mutating func admitWaiting(_ entry: ListenerEntry) {
        arrivals.append(contentsOf: entry.waiting.map { Arrival(descriptor: $0, entry: entry) })
        entry.waiting.removeAll()
    }

    func hasListener(_ slot: ConnectionID) -> Bool { findListener(slot) != nil }
}
