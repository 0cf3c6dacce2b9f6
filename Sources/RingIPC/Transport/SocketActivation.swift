internal import CRingIPC
import Synchronization

/// A socket that a service manager opened for this process.
public struct InheritedEndpoint: Sendable, Hashable {
    /// `FileDescriptorName=` of the socket unit; `unknown` if the service manager named none (sd_listen_fds(3)).
    public let name: String
    /// To be opened by one listener, or by one connection for `Accept=yes`, which closes it.
    public let endpoint: Endpoint
}

/// Sockets handed over by a service manager: systemd's `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` (sd_listen_fds(3)).
///
/// ```swift
/// let inherited = try SocketActivation.inheritedEndpoints()
/// let endpoint = inherited.first { $0.name == "control" }?.endpoint ?? .path("/run/example/control")
/// ```
public enum SocketActivation {
    private static let areHandedOut = Mutex(false)

    /// The sockets that were handed over to this very process; empty if it was not activated.
    ///
    /// Descriptors are handed out once: after a call that returned any, the next one throws. Otherwise two owners could close
    /// the same number, the second of them after it has become another file's. So call this once, early, and keep the result.
    ///
    /// All of them get close-on-exec. The environment stays as it is, because unsetting a variable while another thread reads
    /// one is a race (setenv(3)), and a library cannot know the other threads. A child does not take the variables for its own,
    /// since `LISTEN_PID` has our number. For the same reason, let no thread change the environment during the call.
    ///
    /// - Throws: `.invalidEndpoint` if the variables contradict themselves or the open descriptors, or if the sockets were
    ///   handed out before. Whether each descriptor is a suitable socket is checked by what is opened on it.
    public static func inheritedEndpoints() throws(TransportError) -> [InheritedEndpoint] {
        let announced = try Announcement(
            process: variable("LISTEN_PID"), count: variable("LISTEN_FDS"), names: variable("LISTEN_FDNAMES"))
        guard let endpoints = try announced.endpoints(for: ringipc_process()), !endpoints.isEmpty else { return [] }
        let isFirst = areHandedOut.withLock { areHandedOut in
            defer { areHandedOut = true }
            return !areHandedOut
        }
        guard isFirst else {
            throw malformed("the inherited sockets were handed out before; call this once and keep the result")
        }
        return endpoints
    }

    private static func variable(_ name: String) throws(TransportError) -> String? {
        guard let text = unsafe ringipc_environment(name) else { return nil }
        guard let value = unsafe String(validatingCString: text) else { throw malformed("\(name) is not UTF-8") }
        return value
    }

    private static func malformed(_ detail: String) -> TransportError {
        TransportError(.invalidEndpoint, during: .configure, detail: detail)
    }
}

extension SocketActivation {
    /// What the variables say, before it is held against the process.
    struct Announcement {
        /// The first inherited descriptor: SD_LISTEN_FDS_START.
        static let firstDescriptor: Int32 = 3

        let process: String?
        let count: String?
        let names: String?

        /// `nil` when the variables are meant for another process, or for none.
        func endpoints(for ownProcess: Int32) throws(TransportError) -> [InheritedEndpoint]? {
            // Both are needed (sd_listen_fds(3)). What a parent left to us with its own number is none of our business.
            guard let process, let count else { return nil }
            guard let addressee = Self.number(process), addressee > 0 else {
                throw malformed("LISTEN_PID is '\(process)', which is not a process number")
            }
            guard addressee == ownProcess else { return nil }
            guard let count = Self.number(count), count <= Int32.max - Self.firstDescriptor else {
                throw malformed("LISTEN_FDS is '\(count)', which is not a number of descriptors")
            }
            // Before a list is made: a wrong number would make it a long one. The last descriptor is the one most likely missing.
            let descriptors = Self.firstDescriptor..<Self.firstDescriptor + count
            if let last = descriptors.last { try requireOpen(last) }

            let names = try names(count: Int(count))
            for descriptor in descriptors {
                try requireOpen(descriptor)
                let result = ringipc_set_close_on_exec(descriptor)
                guard result == 0 else { throw TransportError(systemError: -result, during: .configure) }
            }
            return zip(names, descriptors).map { InheritedEndpoint(name: $0, endpoint: .descriptor($1)) }
        }

        private func requireOpen(_ descriptor: Int32) throws(TransportError) {
            guard FileStatus(of: descriptor) != nil else {
                throw malformed(
                    "LISTEN_FDS announces descriptor \(descriptor), which is not open; was it closed before this call?")
            }
        }

        private func names(count: Int) throws(TransportError) -> [String] {
            guard let names, !names.isEmpty else { return Array(repeating: "unknown", count: count) }
            let parts = names.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == count else {
                throw malformed("LISTEN_FDNAMES has \(parts.count) names for \(count) descriptors")
            }
            return parts
        }

        /// Digits only: `Int32` alone would take a sign as well.
        private static func number(_ text: String) -> Int32? {
            guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
            return Int32(text)
        }
    }
}
