internal import CRingIPC

/// Who is at the other end, as the kernel recorded it at connect (client) or listen (server) time: `SO_PEERCRED` (unix(7)).
///
/// The peer can neither forge it nor change it later. Numbers are those of our own user and process namespaces.
public struct PeerCredentials: Sendable, Hashable {
    /// The process that connected or listened. It may have ended since, and its number may belong to another by now.
    public let processIdentifier: Int32
    /// The effective user id.
    public let userIdentifier: UInt32
    /// The effective group id. Supplementary groups are not told.
    public let groupIdentifier: UInt32

    package init(processIdentifier: Int32, userIdentifier: UInt32, groupIdentifier: UInt32) {
        self.processIdentifier = processIdentifier
        self.userIdentifier = userIdentifier
        self.groupIdentifier = groupIdentifier
    }
}

extension PeerCredentials {
    /// The peer of a connected socket; `nil` where the kernel does not say.
    package init?(ofPeer descriptor: Int32) {
        guard let credentials = try? PeerCredentials(of: descriptor, during: .receive) else { return nil }
        self = credentials
    }

    /// Reads `SO_PEERCRED` of a connected socket. The peer cannot forge it, nor change it after connecting.
    init(of descriptor: Int32, during operation: TransportError.Operation, on endpoint: Endpoint? = nil) throws(TransportError) {
        var process: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
        let result = unsafe ringipc_peer_credentials(descriptor, &process, &user, &group)
        guard result == 0 else { throw TransportError(systemError: -result, during: operation, on: endpoint) }
        self.init(processIdentifier: process, userIdentifier: user, groupIdentifier: group)
    }
}
