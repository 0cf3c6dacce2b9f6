internal import Glibc

/// Results, and nothing else.
enum StandardOutput {
    static func line(_ text: String) { write("\(text)\n") }

    /// A result that nobody gets is a failure.
    static func write(_ text: String) {
        guard writeAll(text, to: STDOUT_FILENO) else {
            StandardError.line("standard output cannot be written")
            exit(1)
        }
    }

    /// What a server says when it listens.
    static func ready() { line("READY") }
}

/// Failures, notes and progress.
enum StandardError {
    static func line(_ text: String) { write("ringipc-bench: \(text)\n") }

    static func write(_ text: String) { writeAll(text, to: STDERR_FILENO) }

    static let isTerminal = isatty(STDERR_FILENO) == 1
}

/// False when the other side has gone or there is no room.
@discardableResult
func writeAll(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 { rest.removeFirst(count) } else if errno != EINTR { return false }
    }
    return true
}
