import Glibc
import Synchronization
import Testing

@testable import RingIPC

/// A directory of its own for one test, gone with everything in it at the end.
struct TemporaryDirectory: ~Copyable {
    let path: String

    init() {
        let template = Array("/tmp/ringipc-XXXXXX".utf8CString)
        var bytes = template
        path = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            guard let made = unsafe mkdtemp(buffer.baseAddress!) else { fatalError("mkdtemp failed: errno \(errno)") }
            return unsafe String(cString: made)
        }
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// Names in the directory, sorted.
    var entries: [String] { RingIPCTests.entries(of: path).sorted() }

    deinit {
        for name in RingIPCTests.entries(of: path) {
            if unsafe unlink(path + "/" + name) != 0 { _ = unsafe rmdir(path + "/" + name) }
        }
        _ = unsafe rmdir(path)
    }
}

func entries(of directory: String) -> [String] {
    guard let stream = unsafe opendir(directory) else { return [] }
    defer { _ = unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// Names that no other test, and no other run, uses.
func uniqueAbstractName() -> String { "ringipc-test-\(getpid())-\(abstractNameCount.add(1, ordering: .relaxed).newValue)" }
private let abstractNameCount = Atomic<Int>(0)

/// What `body` throws, or `nil`.
func failure(_ body: () throws(TransportError) -> Void) -> TransportError? {
    do throws(TransportError) {
        try body()
        return nil
    } catch {
        return error
    }
}

func listenFailure(_ endpoint: Endpoint, _ configuration: Configuration = Configuration()) -> TransportError? {
    failure { () throws(TransportError) in _ = try ListeningSocket(endpoint, configuration: configuration) }
}

func connectFailure(_ endpoint: Endpoint, timeout: Duration = .seconds(5)) -> TransportError? {
    failure { () throws(TransportError) in _ = try Socket.connect(to: endpoint, timeout: timeout) }
}

extension Configuration {
    static func with(_ change: (inout Configuration) -> Void) -> Configuration {
        var configuration = Configuration()
        change(&configuration)
        return configuration
    }
}

/// Sockets as a program without this library makes them.
enum Plain {
    static func address(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
            precondition(path.utf8.count < field.count)
            unsafe field.copyBytes(from: path.utf8)
        }
        return address
    }

    static func stream() -> Socket { Socket(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)) }

    static func bound(_ path: String, type: Int32 = Int32(SOCK_STREAM.rawValue)) -> Socket {
        let descriptor = socket(AF_UNIX, type | Int32(SOCK_CLOEXEC.rawValue), 0)
        precondition(unsafe call(bind, descriptor, path) == 0, "bind: errno \(errno)")
        return Socket(owning: descriptor)
    }

    static func listening(_ path: String) -> Socket {
        let socket = bound(path)
        precondition(listen(socket.descriptor, 16) == 0)
        return socket
    }

    /// A socket file whose server is gone.
    static func leaveStaleFile(_ path: String) {
        _ = bound(path)
        awaitEnd(path)
    }

    /// A closed socket lives on for a moment in a process that another test is just starting: it has a copy until its exec.
    static func awaitEnd(_ path: String) {
        let probe = Socket(owning: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        while unsafe call(connect, probe.descriptor, path) == 0 || errno == EPROTOTYPE { sched_yield() }
        precondition(errno == ECONNREFUSED, "connect: errno \(errno)")
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32, _ path: String
    ) -> Int32 {
        var address = address(path)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    static func makeFile(_ path: String) {
        let descriptor = unsafe open(path, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0o644)
        precondition(descriptor >= 0)
        close(descriptor)
    }
}

func status(_ path: String) -> stat? {
    var result = stat()
    return unsafe lstat(path, &result) == 0 ? result : nil
}

func exists(_ path: String) -> Bool { status(path) != nil }

func permissions(_ path: String) -> UInt32? { status(path).map { $0.st_mode & 0o7777 } }

func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

func isCloseOnExec(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0 }

func isNonBlocking(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0 }

/// For exit tests: ends the process at the first thing that is not so. The issue reaches the report of the parent, which gives
/// it the position of the whole test: hence the line in the text.
func require(_ condition: Bool, _ message: @autoclosure () -> String = "", line: Int = #line) {
    guard !condition else { return }
    Issue.record("line \(line): not so: \(message())")
    exit(1)
}

extension ListeningSocket {
    /// Whether a client that connects to `endpoint` comes out of this very listener.
    func answers(_ endpoint: Endpoint) throws(TransportError) -> Bool {
        _ = try Socket.connect(to: endpoint, timeout: .zero)
        // A connected Unix socket is in the queue before connect(2) returns, so there is nothing to wait for.
        switch try accept() {
        case .some: return true
        case .none: return false
        }
    }
}

extension SharedMemoryOptions {
    static func with(_ change: (inout SharedMemoryOptions) -> Void) -> SharedMemoryOptions {
        var options = SharedMemoryOptions()
        change(&options)
        return options
    }
}
