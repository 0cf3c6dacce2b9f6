import Foundation
import Glibc

/// Which calls fail, how, and when: `when` counts the calls of the subject's only thread from its start on, as strace(1) writes it.
struct Injection: Sendable, CustomStringConvertible {
    let calls: String
    let error: String
    let when: String

    init(_ calls: String, _ error: String, when: String = "1+") {
        self.calls = calls
        self.error = error
        self.when = when
    }

    var description: String { "\(calls) \(error) \(when)" }
}

/// strace(1), attached to a process that runs already: the calls of the loader and of the runtime's start are not counted.
final class Tracer {
    private let process = Process()
    private let log: URL

    /// Returns when every further call is under the tracer's eyes.
    init(of identifier: Int32, _ injection: Injection) throws {
        log = FileManager.default.temporaryDirectory.appendingPathComponent("ringipc-injected-\(UUID())")
        let messages = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "strace", "-f", "-p", "\(identifier)", "-o", log.path, "-e", "trace=\(injection.calls)",
            "-e", "inject=\(injection.calls):error=\(injection.error):when=\(injection.when)",
        ]
        process.standardError = messages
        try process.run()
        Subject.kill(process, after: 30)
        var said = Data()
        while said.range(of: Data("attached".utf8)) == nil {
            guard let more = try messages.fileHandleForReading.read(upToCount: 1), !more.isEmpty else {
                process.waitUntilExit()
                try? FileManager.default.removeItem(at: log)
                throw Subject.Ended(description: String(decoding: said, as: UTF8.self).trimmingCharacters(in: .newlines))
            }
            said += more
        }
        // What it says later nobody reads; it is little.
        self.messages = messages
    }

    private let messages: Pipe

    deinit { finish() }

    /// Waits for its end, which is that of what it traces, and returns how many calls it made to fail.
    @discardableResult
    func finish() -> Int {
        process.waitUntilExit()
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        try? FileManager.default.removeItem(at: log)
        return text.split(separator: "\n").count { $0.hasSuffix("(INJECTED)") }
    }

    /// Why nothing can be injected here; `nil` where it can.
    static let whyUnusable: String? = {
        let sleeper = Process()
        sleeper.executableURL = URL(fileURLWithPath: "/bin/sleep")
        sleeper.arguments = ["30"]
        do {
            try sleeper.run()
            defer {
                Glibc.kill(sleeper.processIdentifier, SIGKILL)
                sleeper.waitUntilExit()
            }
            _ = try Tracer(killing: sleeper.processIdentifier)
            return nil
        } catch {
            return "strace is not installed, or may not attach to a process here (kernel.yama.ptrace_scope): \(error)"
        }
    }()

    static var isUsable: Bool { whyUnusable == nil }

    /// Attaches, and ends with what it attached to.
    private convenience init(killing identifier: Int32) throws {
        try self.init(of: identifier, Injection("accept4", "EMFILE"))
        Glibc.kill(identifier, SIGKILL)
    }
}
