internal import CRingIPC

// What jobs ask of a loop, and how it ends.

extension LoopCore where B: ~Copyable {
    var isStopped: Bool { isStopping && table.count == 0 }

    var allStatistics: Statistics {
        var all = statistics
        all.systemCalls = backend.statistics.systemCalls
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

    mutating func close(_ connection: ConnectionID) {
        guard let slot = unsafe table.find(connection) else { return }
        unsafe beginFinish(slot)
    }

    /// Listeners go, connections are ended in order. Returns when patience ends.
    mutating func beginStop() -> Int64 {
        isStopping = true
        for (index, entry) in listeners.enumerated() where entry?.isArmed == true {
            backend.cancel(.accept, connection: ConnectionID(slot: UInt32(index), generation: 1))
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
