internal import CBenchmark
internal import Glibc

/// A program that this one has started, with its standard output in a pipe. The kernel kills it when this process ends, however
/// that comes (`bench_spawn`); this object kills it when it goes away before ``finish(within:)``.
final class ChildProcess {
    let identifier: Int32
    private let name: String
    private let output: Int32
    /// Bytes read and not yet handed out.
    private var pending: [UInt8] = []
    private var isReaped = false

    init(_ path: String, _ arguments: [String]) throws {
        name = path.split(separator: "/").last.map(String.init) ?? path
        var strings = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe strings.forEach { unsafe free($0) } }
        var output: Int32 = -1
        identifier = try BenchmarkFailure.check(unsafe bench_spawn(path, &strings, &output), "cannot start \(path)")
        self.output = output
    }

    deinit {
        kill()
        close(output)
    }

    /// SIGKILL; when this returns, it is gone.
    func kill() {
        guard !isReaped else { return }
        Glibc.kill(identifier, SIGKILL)
        var status: Int32 = 0
        unsafe waitpid(identifier, &status, 0)
        isReaped = true
    }

    /// The next line of its output; `nil` at the end.
    func readLine(within seconds: Double) throws -> String? {
        let deadline = Deadline(seconds: seconds)
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                pending.removeSubrange(...end)
                return line
            }
            guard try readMore(before: deadline) else { return nil }
        }
    }

    /// Waits for `READY`, the word with which a server says that it listens.
    func waitUntilReady(within seconds: Double = 30) throws {
        guard try readLine(within: seconds) == "READY" else { throw BenchmarkFailure("\(name) did not become ready") }
    }

    /// Waits for its end and returns what it printed since. An exit code other than 0 is a failure of the run, which tells the last line of that.
    func finish(within seconds: Double) throws -> String {
        let deadline = Deadline(seconds: seconds)
        while try readMore(before: deadline) {}
        var status: Int32 = 0
        guard unsafe waitpid(identifier, &status, 0) == identifier else { throw BenchmarkFailure("cannot wait for \(name)") }
        isReaped = true
        // The low seven bits are the signal that ended it, the next byte is its exit code (waitpid(2)).
        guard status & 0x7F == 0 else { throw BenchmarkFailure("\(name) was ended by signal \(status & 0x7F)") }
        let output = String(decoding: pending, as: UTF8.self)
        guard status == 0 else {
            let words = output.split(separator: "\n").last.map { ": \($0)" } ?? ""
            throw BenchmarkFailure("\(name) failed with exit code \(status >> 8 & 0xFF)\(words)")
        }
        return output
    }

    /// False once it has ended, however that came.
    var isRunning: Bool {
        var end = unsafe siginfo_t()
        // The status stays for ``finish(within:)``. Nothing is written for a child that runs.
        let result = unsafe waitid(P_PID, id_t(identifier), &end, WEXITED | WNOHANG | WNOWAIT)
        return unsafe result == 0 && end.si_signo == 0
    }

    /// Asks a server to end in order.
    func requestEnd() { Glibc.kill(identifier, SIGTERM) }

    /// False at the end of the output.
    private func readMore(before deadline: Deadline) throws -> Bool {
        var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        while true {
            if bench_end_requested() { throw BenchmarkFailure("interrupted while \(name) was running") }
            let ready = unsafe poll(&descriptor, 1, deadline.remainingMilliseconds)
            if ready > 0 { break }
            if ready < 0 && errno == EINTR { continue }
            throw BenchmarkFailure("\(name) did not answer in time")
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(output, &buffer, buffer.count)
        guard count >= 0 else { throw BenchmarkFailure("cannot read the output of \(name)") }
        pending += buffer[..<count]
        return count > 0
    }
}

/// A point in time that should not be passed.
struct Deadline {
    private let end: UInt64

    init(seconds: Double) { end = bench_monotonic_nanoseconds() &+ UInt64(seconds * 1e9) }

    var isPassed: Bool { bench_monotonic_nanoseconds() >= end }

    var remainingMilliseconds: Int32 {
        let now = bench_monotonic_nanoseconds()
        return now >= end ? 0 : Int32(clamping: (end - now) / 1_000_000 + 1)
    }
}
