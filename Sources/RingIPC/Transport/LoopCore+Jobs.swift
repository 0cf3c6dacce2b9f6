internal import CRingIPC

// What jobs ask of a loop, and how it ends.

extension LoopCore where B: ~Copyable {
    var isStopped: Bool { isStopping && table.count == 0 }

    var allStatistics: Statistics {
        var all = statistics
        all.systemCalls &+= backend.statistics.systemCalls
        all.wakeups = backend.statistics.wakeups
        return all
    }

    mutating func send(to connection: ConnectionID, _ bytes: RawSpan) throws(TransportError) {
        guard let slot = unsafe table.find(connection), unsafe slot.pointee.phase == .open else {
            throw TransportError(.closed, during: .send, detail: "the connection is gone, or not open yet")
        }
        try unsafe slot.pointee.outbound.send(bytes)
        unsafe afterHandler(slot)
    }

    /// Queues bytes that leave with the next turn, or a flush.
    mutating func queue(_ bytes: RawSpan, on connection: ConnectionID) throws(TransportError) {
        guard let slot = unsafe table.find(connection), unsafe slot.pointee.phase == .open else {
            throw TransportError(.closed, during: .send, detail: "the connection is gone, or not open yet")
        }
        try unsafe slot.pointee.outbound.send(bytes)
        unsafe markDirty(slot)
    }

    /// Gives the kernel what it takes of what is queued; with a backend that only collects requests, in the next turn.
    mutating func flush(_ connection: ConnectionID) {
        guard let slot = unsafe table.find(connection) else { return }
        unsafe startSend(slot)
    }

    mutating func close(_ connection: ConnectionID) {
        guard let slot = unsafe table.find(connection) else { return }
        unsafe beginFinish(slot)
    }

    /// Cuts a connection off: what is queued is dropped.
    mutating func abort(_ connection: ConnectionID) {
        guard let slot = unsafe table.find(connection) else { return }
        unsafe fail(slot, TransportError(.closed, during: .close, detail: "the connection was cut off on this side"))
    }

    /// `nil` for a connection that is gone.
    func sendState(of connection: ConnectionID) -> SendState? {
        guard let slot = unsafe table.find(connection), unsafe slot.pointee.phase != .dead else { return nil }
        return unsafe SendState(queuedBytes: slot.pointee.outbound.queuedBytes, failure: slot.pointee.sendFailure)
    }

    /// Listeners go, connections are ended in order. Returns when patience ends.
    mutating func beginStop() -> Int64 {
        isStopping = true
        for entry in listeners.compactMap({ $0 }) {
            if entry.isArmed { backend.cancel(.accept, connection: entry.slot) }
            entry.isHeldBack = false
            admitWaiting(entry)
        }
        welcomeArrivals()
        for id in table.identifiers {
            if let slot = unsafe table.find(id) { unsafe beginFinish(slot) }
        }
        return time(after: configuration.drainTimeout)
    }

    /// Cuts off what is left, and lets the kernel finish what it has of ours.
    mutating func abortAll() {
        // The turns that are still needed must not end with it again.
        listenerFailure = nil
        if !isStopping { _ = beginStop() }
        for id in table.identifiers {
            guard let slot = unsafe table.find(id) else { continue }
            unsafe fail(slot, TransportError(.closed, during: .close, detail: "the loop was stopped"))
        }
        releaseEnded()
        var patience = 1_000
        while table.count > 0 || listeners.contains(where: { $0?.isArmed == true }), patience > 0 {
            patience -= 1
            guard (try? turn(until: now + 10_000_000)) != nil else { break }
        }
        listeners.removeAll()
    }
}
