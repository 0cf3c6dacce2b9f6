/// What can go wrong in a simulation. Whatever is here, production code has to take.
public enum FaultKind: String, Sendable, CaseIterable {
    // MARK: What the kernel does

    /// A send takes less than there is room for, down to one byte.
    case shortSend
    /// A receive brings less than has arrived, down to one byte.
    case shortReceive
    /// A completion, or an event, comes later than it could.
    case delayedCompletion
    /// Completions of different operations come in another order than the operations.
    case reorderedCompletions
    /// The kernel finds no provided buffer although there is one: `ENOBUFS`.
    case bufferShortage
    /// A multishot request ends after a success, which the kernel is free to do.
    case multishotEnded
    /// A request ends with `ECANCELED` although nobody cancelled it.
    case requestCancelled
    /// `EINTR`, from a call or in a completion; for a ring's submission also `EAGAIN` and `EBUSY`.
    case interruptedCall
    /// `EAGAIN` from a call that readiness had been promised for.
    case falseReadiness
    /// `EMFILE` at accept: the process has no free descriptor.
    case processDescriptorsExhausted
    /// `ENFILE` at accept: the system has none.
    case systemDescriptorsExhausted
    /// `ENOMEM` at accept.
    case acceptOutOfMemory
    /// `ECONNABORTED` at accept: who had connected is gone.
    case connectionAborted
    /// More completions than the queue holds.
    case completionOverflow
    /// The kernel takes only a part of the requests that were handed to it.
    case partialSubmission

    // MARK: What peers do

    /// `ECONNRESET` from an operation: the peer closed while data was under way.
    case connectionReset
    /// `EPIPE` from a send: nobody reads any more.
    case brokenPipe
    /// The peer dies between two bytes.
    case peerGone
    /// The peer ends its direction and goes on reading.
    case halfClose
    /// A peer that never reads what it is sent.
    case neverReads

    // MARK: What handlers do

    /// A handler throws.
    case handlerThrows
    /// A handler takes its time.
    case slowHandler

    /// Ends a connection. Befalls only connections to endangered endpoints, so that the others must come through whole.
    public var endsConnection: Bool {
        switch self {
        case .connectionReset, .brokenPipe, .peerGone, .connectionAborted: true
        default: false
        }
    }
}
