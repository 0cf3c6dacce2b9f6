/// A loop that is run turn by turn, by whoever runs the double of its kernel.
package protocol SteppedLoop: AnyObject {
    /// One pass; see ``KernelDouble`` about waits.
    func turn() throws(TransportError)
    /// Whether the loop was stopped and has no connection left.
    var isStopped: Bool { get }
    /// Ends what is left. The loop cannot be used afterwards.
    func finish()
    /// Who has which memory now. Traps nothing, checks nothing.
    var audit: LoopAudit { get }
    /// One line per connection, for who looks for the reason of a standstill.
    var states: [String] { get }
    /// Overwrites the receive buffers that are free, so that who still reads one reads nonsense.
    func overwriteFreeBuffers(with byte: UInt8)
}

/// What a loop holds at one moment, between two turns.
package struct LoopAudit: Sendable {
    package var connections = 0
    package var maximumConnections = 0
    package var pooledBuffers = 0
    /// Buffers in the hands of paused connections, or of a handler.
    package var lentBuffers = 0
    /// Buffers of paused connections, counted at the connections.
    package var heldBuffers = 0
    package var spanningBytes = 0
    package var spanningLimit = 0
    /// The fullest outbound queue.
    package var longestQueue = 0
    package var outboundLimit = 0
}

extension LoopRunner: SteppedLoop where B: ~Copyable {
    var audit: LoopAudit { unsafe core.pointee.audit }
    var states: [String] { unsafe core.pointee.states }
    func overwriteFreeBuffers(with byte: UInt8) { unsafe core.pointee.pool.overwriteFree(with: byte) }
}

extension LoopCore where B: ~Copyable {
    fileprivate var audit: LoopAudit {
        var audit = LoopAudit()
        audit.connections = table.count
        audit.maximumConnections = table.capacity
        audit.pooledBuffers = pool.count
        audit.lentBuffers = pool.lentCount
        audit.spanningBytes = spanningBudget.used
        audit.spanningLimit = spanningBudget.limit
        audit.outboundLimit = configuration.outboundLimit
        for id in table.identifiers {
            guard let slot = unsafe table.find(id) else { continue }
            audit.heldBuffers += unsafe slot.pointee.held.count
            audit.longestQueue = max(audit.longestQueue, unsafe slot.pointee.outbound.queuedBytes)
        }
        return audit
    }
}

extension LoopCore where B: ~Copyable {
    fileprivate var states: [String] {
        table.identifiers.compactMap { id in
            guard let slot = unsafe table.find(id) else { return nil }
            return unsafe slot.pointee.description
        }
    }
}

extension ConnectionSlot {
    fileprivate var description: String {
        let flags = [
            (isReceiveArmed, "receives"), (isReceiveDirect, "direct"), (isReceiveCancelled, "cancelled"), (isSendPending, "sends"),
            (isPaused, "paused"), (isAnswering, "answers"), (isEndOfStream, "at end"), (isPeerFinished, "peer finished"),
            (sendFailure != nil, "cannot send"), (isDirty, "dirty"),
        ]
        let names = flags.filter(\.0).map(\.1).joined(separator: ", ")
        return "\(id.slot): descriptor \(descriptor), \(phase), \(names); queued \(outbound.queuedBytes), "
            + "spanning \(spanning.count) of \(spanningLength), backlog \(backlog.count), held \(held.count)"
    }
}

extension BufferPool {
    fileprivate func overwriteFree(with byte: UInt8) {
        for index in 0..<freeCount {
            unsafe address(of: free[index]).initializeMemory(as: UInt8.self, repeating: byte, count: bufferSize)
        }
    }
}
