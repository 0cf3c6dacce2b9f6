internal import FoundationEssentials
internal import Glibc

/// A folder for sockets that have to be files. It goes away with all that is in it.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/ringipc-bench-XXXXXX".utf8CString)
        guard let path = unsafe mkdtemp(&template).map({ unsafe String(cString: $0) }) else {
            throw BenchmarkFailure("cannot make a folder in /tmp")
        }
        self.path = path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
