/// Which peers a listener accepts, by the credentials that the kernel recorded when they connected (`SO_PEERCRED`, unix(7)).
public enum AcceptPolicy: Sendable {
    case anyone
    /// Only processes with our effective user id.
    case sameUser
    /// Only processes with one of these user ids.
    case users(Set<UInt32>)
    /// Whatever the closure says. It runs on the accepting thread and must not block.
    case custom(@Sendable (PeerCredentials) -> Bool)
}

/// Who is at the other end, as the kernel recorded it at connect (client) or listen (server) time.
public struct PeerCredentials: Sendable, Hashable {
    /// The process may have ended since, and its number may belong to another by now.
    public let processIdentifier: Int32
    public let userIdentifier: UInt32
    public let groupIdentifier: UInt32
}
