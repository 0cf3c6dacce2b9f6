/// A user's handler behind ``AnyConnectionHandler``.
@usableFromInline
final class HandlerBox<Handler: ConnectionHandler>: AnyConnectionHandler {
    /// Not checked for exclusive access at run time, which would cost every batch: only the loop calls a handler, one call at a time,
    /// and a handler has no way to reach its own box.
    @exclusivity(unchecked)
    @usableFromInline var handler: Handler

    @inlinable
    init(_ handler: consuming Handler) {
        unsafe self.handler = handler
        super.init()
    }

    @inlinable override func opened(_ outbound: inout Outbound) { unsafe handler.opened(&outbound) }
    @inlinable override func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        unsafe try handler.received(&frames, reply: &reply)
    }
    @inlinable override func writable(_ outbound: inout Outbound) { unsafe handler.writable(&outbound) }
    @inlinable override func finished(_ outbound: inout Outbound) { unsafe handler.finished(&outbound) }
    @inlinable override func closed(_ reason: CloseReason) { unsafe handler.closed(reason) }
}
