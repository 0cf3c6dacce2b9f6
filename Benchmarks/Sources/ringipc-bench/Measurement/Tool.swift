internal import FoundationEssentials

/// The programs of this package, found from where this one stands.
enum Tool {
    /// This program itself, for its peers.
    static let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/proc/self/exe"

    /// The C limit programs, if they are built: beside this one, or in the `bin` of a folder above it.
    static let limits: String? = {
        var folder = path.split(separator: "/").dropLast()
        while !folder.isEmpty {
            let place = "/" + folder.joined(separator: "/")
            for candidate in ["\(place)/ringipc-limits", "\(place)/bin/ringipc-limits"]
            where FileManager.default.isExecutableFile(atPath: candidate) {
                return candidate
            }
            folder.removeLast()
        }
        return nil
    }()
}
