internal import FoundationEssentials

/// What another process holds, as the kernel tells it.
struct ProcessFootprint: Equatable {
    var residentBytes: Int
    var descriptors: Int
    /// Those of ``descriptors`` that are sockets.
    var sockets: Int

    /// `nil` when the process is gone.
    static func of(_ process: Int32) -> Self? {
        let folder = "/proc/\(process)/fd"
        guard
            let kilobytes = SystemFile.value(of: "VmRSS", in: "/proc/\(process)/status")?.split(separator: " ").first.flatMap({ Int($0) }),
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
        else { return nil }
        let links = names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
        return Self(
            residentBytes: kilobytes * 1024, descriptors: links.count, sockets: links.count { $0.hasPrefix("socket:") })
    }
}
