/// What a loop does with one connection. The loop calls it on its own thread, one call at a time, once per batch of what arrived.
///
/// ```swift
/// struct Echo: ConnectionHandler {
///     mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
///         while let frame = try frames.next() { try reply.send(frame.bytes) }
///     }
/// }
/// ```
///
/// Each connection has a handler of its own, so state needs no lock. A handler must not block: all connections of its loop wait with it.
public protocol ConnectionHandler: SendableMetatype {
    /// The connection can be used. In the native format, the peer's hello has arrived.
    mutating func opened(_ outbound: inout Outbound)

    /// Frames arrived. Answers go to `reply` and leave at the end of the turn.
    ///
    /// A handler takes frames until `next()` returns `nil`. Frames that it leaves are offered again after `reply` has drained. A thrown error
    /// ends the connection at once: what is queued is dropped, and ``closed(_:)`` gets the error, or `handlerFailed` if it is no ``TransportError``.
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws

    /// Everything queued is with the kernel, after ``Outbound/notifyWhenWritable()``.
    mutating func writable(_ outbound: inout Outbound)

    /// The peer has ended its direction in order. Unless this is implemented otherwise, ours is ended too. After a half-close the
    /// peer still reads: an implementation may go on sending, and calls ``Outbound/close()`` when it is done.
    mutating func finished(_ outbound: inout Outbound)

    /// The connection is over. Nothing is called afterwards. Also called when a connection could not be opened at all.
    mutating func closed(_ reason: CloseReason)
}

extension ConnectionHandler {
    /// Does nothing.
    public mutating func opened(_ outbound: inout Outbound) {}
    /// Does nothing.
    public mutating func writable(_ outbound: inout Outbound) {}
    /// Ends our direction, too.
    public mutating func finished(_ outbound: inout Outbound) { outbound.close() }
    /// Does nothing.
    public mutating func closed(_ reason: CloseReason) {}
}

/// How a connection ended.
public enum CloseReason: Sendable {
    /// Both sides ended it in order, or this side did and the peer took everything.
    case finished
    /// Something went wrong; the error says what.
    case failed(TransportError)
}

/// The handler of one connection, without its type: one indirect call per batch, none per frame.
///
/// The subclass is generic and inlinable, so that the user's handler is compiled into it where the user's module is.
@usableFromInline
class AnyConnectionHandler {
    @usableFromInline
    init() {}

    @usableFromInline func opened(_ outbound: inout Outbound) { preconditionFailure("abstract") }
    @usableFromInline func received(_ frames: inout FrameBatch, reply: inout Outbound) throws { preconditionFailure("abstract") }
    @usableFromInline func writable(_ outbound: inout Outbound) { preconditionFailure("abstract") }
    @usableFromInline func finished(_ outbound: inout Outbound) { preconditionFailure("abstract") }
    @usableFromInline func closed(_ reason: CloseReason) { preconditionFailure("abstract") }
}
