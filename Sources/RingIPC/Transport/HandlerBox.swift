/// A user's handler behind ``AnyConnectionHandler``.
@safe
@usableFromInline
final class HandlerBox<Handler: ConnectionHandler>: AnyConnectionHandler {
    /// Behind a pointer, since a stored property of a class is checked for exclusive access at run time, once per batch.
    @usableFromInline let handler: UnsafeMutablePointer<Handler>

    @inlinable
    init(_ handler: consuming Handler) {
        unsafe self.handler = .allocate(capacity: 1)
        unsafe self.handler.initialize(to: handler)
        super.init()
    }

    @inlinable
    deinit {
        unsafe handler.deinitialize(count: 1)
        unsafe handler.deallocate()
    }

    @inlinable override func opened(_ outbound: inout Outbound) { unsafe handler.pointee.opened(&outbound) }
    @inlinable override func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        try unsafe handler.pointee.received(&frames, reply: &reply)
    }
    @inlinable override func writable(_ outbound: inout Outbound) { unsafe handler.pointee.writable(&outbound) }
    @inlinable override func finished(_ outbound: inout Outbound) { unsafe handler.pointee.finished(&outbound) }
    @inlinable override func closed(_ reason: CloseReason) { unsafe handler.pointee.closed(reason) }
}
