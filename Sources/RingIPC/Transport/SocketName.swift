internal import CRingIPC

/// The names that sockets have, and the files that stand for them.
package enum SocketName {
    /// What a socket is bound to. `nil` if it has no name, or one that is not UTF-8.
    package static func own(of descriptor: Int32) -> Endpoint? {
        unsafe read { unsafe ringipc_local_name(descriptor, $0, $1) }
    }

    /// What the socket at the other end is bound to: for a client, the name that it connected to.
    package static func peer(of descriptor: Int32) -> Endpoint? {
        unsafe read { unsafe ringipc_peer_name(descriptor, $0, $1) }
    }

    private static func read(_ call: (UnsafeMutableRawPointer?, UnsafeMutablePointer<Bool>) -> Int32) -> Endpoint? {
        var isAbstract = false
        var bytes = [UInt8](repeating: 0, count: ringipc_address_capacity())
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe call($0.baseAddress, &isAbstract) }
        guard count > 0, let name = String(validating: bytes[..<Int(count)], as: UTF8.self) else { return nil }
        return isAbstract ? .abstract(name) : .path(name)
    }

    /// Removes the socket file of a server that is gone; nothing happens when there is none.
    ///
    /// - Parameter evenIfAlive: also that of a server which lives, and which nobody can connect to afterwards.
    /// - Throws: ``TransportError``: `addressInUse` for a live server, `notASocket` for any other file, `accessDenied`, `invalidEndpoint`.
    package static func removeFile(at path: String, evenIfAlive: Bool = false) throws(TransportError) {
        let endpoint = Endpoint.path(path)
        try endpoint.validate(during: .listen)
        guard FileStatus(of: path) != nil else { return }
        let lock = try NameLock(guarding: endpoint, at: path)
        try SocketFile.remove(path, endpoint, evenIfAlive: evenIfAlive)
        _ = consume lock
    }

    /// The directory for temporary files that the environment names.
    package static var temporaryDirectory: String? {
        guard let text = unsafe ringipc_environment("TMPDIR") else { return nil }
        return unsafe String(validatingCString: text)
    }
}
