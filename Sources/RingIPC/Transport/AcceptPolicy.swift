internal import CRingIPC

/// Which peers a listener accepts, by the credentials that the kernel recorded when they connected (`SO_PEERCRED`, unix(7)).
public enum AcceptPolicy: Sendable {
    /// Every process that the socket file's mode and directory, or the namespace, let through.
    case anyone
    /// Only processes with our effective user id, as it is when the peer is accepted.
    case sameUser
    /// Only processes with one of these user ids. Our own is not taken for granted.
    case users(Set<UInt32>)
    /// Only processes for which the closure returns `true`. It runs on the accepting thread (that of the loop, or of
    /// ``Listener/accept(within:)``) and must not block.
    case custom(@Sendable (PeerCredentials) -> Bool)
}

extension AcceptPolicy {
    /// The rule where the configuration names none. A path has a mode and a directory that decide; an abstract name has
    /// neither, and any process of the machine that shares the network namespace can connect to it.
    static func standard(for endpoint: Endpoint) -> AcceptPolicy {
        switch endpoint {
        case .path: .anyone
        // A descriptor whose name cannot be told: nothing shows that a file mode guards it.
        case .abstract, .descriptor: .sameUser
        }
    }

    func accepts(_ peer: PeerCredentials) -> Bool {
        switch self {
        case .anyone: true
        case .sameUser: peer.userIdentifier == ringipc_effective_user()
        case .users(let users): users.contains(peer.userIdentifier)
        case .custom(let decide): decide(peer)
        }
    }
}
