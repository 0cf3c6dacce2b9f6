/// Something that must never happen, and did.
public struct Violation: Sendable, CustomStringConvertible {
    /// Which promise was broken.
    public enum Invariant: String, Sendable, CaseIterable {
        /// A descriptor was used or closed after its end, or closed while an operation was under way on it.
        case descriptors
        /// A receive buffer was given to the kernel twice, or is missing.
        case buffers
        /// Memory of a send changed while the kernel had it.
        case sendMemory
        /// An operation was begun that the contract forbids: a second one of its kind on a connection.
        case operations
        /// A loop holds more memory or connections than its configuration allows.
        case bounds
        /// A loop ended, or trapped, although only connections had failed.
        case loops
        /// A frame was delivered that was not sent, or twice, cut, changed, or out of order.
        case delivery
        /// A handler was called after its end, or not told of its end.
        case ends
        /// A connection that no fault had ended came to an end, or did not get everything.
        case isolation
        /// Nothing moves although no fault happens any more.
        case progress
        /// Something was not given back at the end.
        case leaks
    }

    /// The promise.
    public let invariant: Invariant
    /// What happened.
    public let detail: String

    /// Reports a broken promise; for invariants of your own service, too.
    public init(_ invariant: Invariant, _ detail: String) {
        self.invariant = invariant
        self.detail = detail
    }

    /// The promise and what happened.
    public var description: String { "\(invariant.rawValue): \(detail)" }
}
