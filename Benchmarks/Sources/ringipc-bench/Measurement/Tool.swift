internal import FoundationEssentials

/// The programs of this package, found from where this one stands.
enum Tool {
    /// This program itself, for its peers.
    static let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/proc/self/exe"

    /// The C limit programs, if they are built.
    static let limits = program("ringipc-limits")

    /// The program of a peer, if it is built.
    static func peer(named name: String) -> String? { program("peers/ringipc-peer-\(name)") }

    /// Beside this one, or in the `bin` of a folder above it.
    private static func program(_ name: String) -> String? {
        var folder = path.split(separator: "/").dropLast()
        while !folder.isEmpty {
            let place = "/" + folder.joined(separator: "/")
            for candidate in ["\(place)/\(name)", "\(place)/bin/\(name)"]
            where FileManager.default.isExecutableFile(atPath: candidate) {
                return candidate
            }
            folder.removeLast()
        }
        return nil
    }
}
