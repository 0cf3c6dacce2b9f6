internal import RingIPC

/// Tells how each connection ended, and is otherwise what it wraps.
struct EndReporter<Base: ConnectionHandler>: ConnectionHandler {
    var base: Base
    /// The one at the other end.
    let process: Int32

    mutating func opened(_ outbound: inout Outbound) { base.opened(&outbound) }

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws { try base.received(&frames, reply: &reply) }

    mutating func writable(_ outbound: inout Outbound) { base.writable(&outbound) }

    mutating func finished(_ outbound: inout Outbound) { base.finished(&outbound) }

    mutating func closed(_ reason: CloseReason) {
        base.closed(reason)
        StandardError.write("end \(process) \(reason.word)\n")
    }
}

extension CloseReason {
    /// For a program that reads it.
    var word: String {
        switch self {
        case .finished: LedgerLine.finished
        case .failed(let error): "\(error.code)"
        }
    }
}
