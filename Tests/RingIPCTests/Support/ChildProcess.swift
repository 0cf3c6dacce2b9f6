import Glibc

/// A program that a test starts. It has the descriptors that it is given, and no other of this process. Killed, and waited for, when this object
/// goes away.
///
/// Foundation's `Process` will not do here: in Swift 6.3 it copies 256 bytes of each entry of /proc/self/fd, and so reads past the end of the
/// list as soon as this process has more than a thousand descriptors, which other tests open meanwhile.
final class ChildProcess {
    let identifier: pid_t
    private var status: Int32?

    struct Failed: Error { let call: String; let number: Int32 }

    /// - Parameters:
    ///   - path: the program. Its environment is that of this process, which no test changes but in a process of its own.
    ///   - input: becomes its standard input, as the next two its outputs; `nil` is /dev/null. All stay the caller's.
    ///   - further: become its descriptors 3 and up.
    init(
        _ path: String, _ arguments: [String], input: Int32? = nil, output: Int32? = nil, errors: Int32? = nil, further: [Int32] = []
    ) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        try Self.check(unsafe posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init")
        defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
        // Elsewhere first: a descriptor may have the number that another one is to get.
        let copies = ([input, output, errors] + further).map { $0.map { fcntl($0, F_DUPFD_CLOEXEC, 100) } }
        defer { for case let copy? in copies { close(copy) } }
        for (number, copy) in zip(Int32(0)..., copies) {
            let result =
                if let copy {
                    unsafe posix_spawn_file_actions_adddup2(&actions, copy, number)
                } else {
                    unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
                }
            try Self.check(result, "posix_spawn_file_actions for descriptor \(number)")
        }
        try Self.check(unsafe Self.addCloseFrom(&actions, Int32(copies.count)), "posix_spawn_file_actions_addclosefrom_np")

        var strings = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        var identifier: pid_t = 0
        try Self.check(unsafe posix_spawn(&identifier, path, &actions, nil, &strings, environ), "posix_spawn of \(path)")
        self.identifier = identifier
    }

    deinit { kill() }

    /// SIGKILL; when this returns, it is gone.
    func kill() {
        guard status == nil else { return }
        Glibc.kill(identifier, SIGKILL)
        wait()
    }

    /// Waits for its end and returns how that was, as waitpid(2) encodes it: 0 is success.
    @discardableResult
    func wait() -> Int32 {
        if let status { return status }
        var status: Int32 = -1
        while unsafe waitpid(identifier, &status, 0) < 0 {
            precondition(errno == EINTR, "waitpid of \(identifier): errno \(errno)")
        }
        self.status = status
        return status
    }

    private typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    /// Looked up by its name, since its declaration is for programs with `_GNU_SOURCE` and Swift does not see it. Some tests open descriptors
    /// without close-on-exec on purpose: a compiler must not keep their sockets open.
    private static let addCloseFrom = unsafe unsafeBitCast(
        dlsym(nil, "posix_spawn_file_actions_addclosefrom_np")!, to: AddCloseFrom.self)

    private static func check(_ result: Int32, _ call: String) throws {
        guard result == 0 else { throw Failed(call: call, number: result) }
    }
}
