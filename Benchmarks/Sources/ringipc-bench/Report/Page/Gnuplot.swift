internal import FoundationEssentials

/// The program that draws.
struct Gnuplot {
    private let path: String

    /// `nil` where it is not installed.
    init?(searchPath: String? = ProcessInfo.processInfo.environment["PATH"]) {
        let candidates = (searchPath ?? "").split(separator: ":").map { "\($0)/gnuplot" }
        guard let path = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else { return nil }
        self.path = path
    }

    /// What it prints for a script. The script goes through a pipe, so that no file is left behind.
    func run(_ script: String) throws -> String {
        let child = try ChildProcess("/bin/sh", ["-c", #"printf %s "$1" | "$0""#, path, script])
        do { return try child.finish(within: 60) } catch { throw BenchmarkFailure("gnuplot does not draw: \(error)") }
    }
}
