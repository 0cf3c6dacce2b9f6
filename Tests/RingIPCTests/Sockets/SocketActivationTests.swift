import Foundation
import Glibc
import Testing

@testable import RingIPC

@Suite struct SocketActivationTests {
    private typealias Announcement = SocketActivation.Announcement

    @Test func `variables for nobody or for another process are ignored, whatever they say`() throws {
        #expect(try Announcement(process: nil, count: nil, names: nil).endpoints(for: 42) == nil)
        #expect(try Announcement(process: "42", count: nil, names: "a").endpoints(for: 42) == nil)
        #expect(try Announcement(process: nil, count: "1", names: nil).endpoints(for: 42) == nil)
        #expect(try Announcement(process: "41", count: "nonsense", names: nil).endpoints(for: 42) == nil)
    }

    @Test func `no descriptors are no endpoints`() throws {
        #expect(try Announcement(process: "42", count: "0", names: nil).endpoints(for: 42) == [])
        #expect(try Announcement(process: "42", count: "0", names: "").endpoints(for: 42) == [])
    }

    @Test(arguments: [
        ("", "1", nil, "LISTEN_PID"), ("0", "1", nil, "LISTEN_PID"), ("-42", "1", nil, "LISTEN_PID"),
        ("42x", "1", nil, "LISTEN_PID"), ("+42", "1", nil, "LISTEN_PID"), ("99999999999", "1", nil, "LISTEN_PID"),
        ("42", "", nil, "LISTEN_FDS"), ("42", "-1", nil, "LISTEN_FDS"), ("42", "1.0", nil, "LISTEN_FDS"),
        ("42", "+1", nil, "LISTEN_FDS"), ("42", "2147483647", nil, "LISTEN_FDS"), ("42", "2147483644", nil, "not open"),
        ("42", "0", "a", "LISTEN_FDNAMES"), ("42", "0", ":", "LISTEN_FDNAMES"),
    ])
    func `contradictions are errors that name the variable`(process: String, count: String, names: String?, cause: String) {
        let error = failure { () throws(TransportError) in
            _ = try Announcement(process: process, count: count, names: names).endpoints(for: 42)
        }
        #expect(error?.code == .invalidEndpoint && error?.detail.contains(cause) == true)
    }

    @Test func `a process that was not activated inherits nothing, however often it asks`() async {
        await #expect(processExitsWith: .success) {
            _ = unsafe (unsetenv("LISTEN_PID"), unsetenv("LISTEN_FDS"), unsetenv("LISTEN_FDNAMES"))
            for _ in 0..<2 { require(try SocketActivation.inheritedEndpoints() == []) }
        }
    }

    /// The sockets must be descriptors 3 and 4 from the start of a process, since the runtime takes the lowest free numbers for
    /// itself: so this program starts itself again, with only ``ActivatedProcessTests`` to run.
    @Test func `a process that is started as a service manager does it adopts its sockets`() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        let onPath = Plain.listening(path)
        let onName = try ListeningSocket(.abstract(uniqueAbstractName()), configuration: Configuration())
        let client = try Socket.connect(to: .path(path), timeout: .zero)

        let status = try runActivated([onPath.descriptor, onName.descriptor], log: directory.file("log"))
        #expect(status == 0, "\((try? String(contentsOfFile: directory.file("log"), encoding: .utf8)) ?? "no log")")
        // Its greeting proves that the process has run its test, and not only ended without an error.
        var greeting: UInt8 = 0
        #expect(unsafe recv(client.descriptor, &greeting, 1, Int32(MSG_DONTWAIT)) == 1)
        #expect(greeting == UInt8(ascii: "R"))
        #expect(directory.entries == ["log", "s"], "the service manager's file stays")
    }

    /// The wait status of this program, run with `sockets` as descriptors 3 and up. What it prints goes to the file `log`.
    private func runActivated(_ sockets: [Int32], log: String) throws -> Int32 {
        // Only the process itself knows its number, and exec keeps it.
        let script = "export LISTEN_PID=$$ LISTEN_FDS=\(sockets.count) LISTEN_FDNAMES=control:; exec \"$@\" >$0 2>&1"
        let program = [CommandLine.arguments[0], "--testing-library", "swift-testing", "--filter", "ActivatedProcessTests"]
        return try ChildProcess("/bin/sh", ["-c", script, log] + program, further: sockets).wait()
    }
}

private let isActivatedProcess = unsafe getenv("LISTEN_PID").map { unsafe atoi($0) } == getpid()

/// What the activated process of the test above runs.
@Suite(.enabled(if: isActivatedProcess, "runs in a process that another test activates"))
struct ActivatedProcessTests {
    @Test func `inherited sockets are handed out once, with names, and can be opened`() throws {
        #expect(!isCloseOnExec(3) && !isCloseOnExec(4))
        // An error hands nothing out.
        _ = unsafe setenv("LISTEN_FDNAMES", "a:b:c", 1)
        let mismatch = failure { () throws(TransportError) in _ = try SocketActivation.inheritedEndpoints() }
        #expect(mismatch?.code == .invalidEndpoint)
        _ = unsafe setenv("LISTEN_FDNAMES", "control:", 1)

        let inherited = try SocketActivation.inheritedEndpoints()
        #expect(inherited.map(\.name) == ["control", ""])
        #expect(inherited.map(\.endpoint) == [.descriptor(3), .descriptor(4)])
        #expect(isCloseOnExec(3) && isCloseOnExec(4))
        let again = failure { () throws(TransportError) in _ = try SocketActivation.inheritedEndpoints() }
        #expect(again?.detail.contains("before") == true)
        let unnamed = try SocketActivation.Announcement(process: "42", count: "2", names: nil).endpoints(for: 42)
        #expect(unnamed?.map(\.name) == ["unknown", "unknown"])

        let first = try ListeningSocket(inherited[0].endpoint, configuration: Configuration())
        let second = try ListeningSocket(inherited[1].endpoint, configuration: Configuration())
        guard case .path = first.endpoint, case .abstract = second.endpoint else {
            Issue.record("\(first.endpoint) and \(second.endpoint)")
            return
        }
        #expect(try second.answers(second.endpoint))
        switch try first.accept() {
        case .some(let client): #expect(unsafe send(client.descriptor, "R", 1, Int32(MSG_NOSIGNAL)) == 1)
        case .none: Issue.record("the client of the parent was not there")
        }
    }
}
