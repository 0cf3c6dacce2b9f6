import Exchange
import Foundation
import Glibc
import RingIPC
import Testing

/// The program whose calls fail, in a process of its own. Killed, and waited for, when it goes away.
final class Subject {
    enum Role: String { case serve, accept, connect }

    struct Ended: Error, CustomStringConvertible {
        let description: String
    }

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var tracer: Tracer?
    var identifier: Int32 { process.processIdentifier }

    /// Returns when the subject waits for its start.
    init(_ role: Role, _ backend: BackendChoice, on endpoint: Endpoint, connections: Int = 1, descriptors: Int? = nil) throws {
        process.executableURL = Self.program
        process.arguments =
            [role.rawValue, backend.rawValue, endpoint.description, "\(connections)"] + (descriptors.map { ["\($0)"] } ?? [])
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        Self.kill(process, after: 30)
        guard try readLine() == "READY" else { throw Ended(description: "the subject did not become ready") }
    }

    deinit { kill() }

    /// Beside the test program, where the build puts it.
    static let program = URL(fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/")
        .deletingLastPathComponent().appendingPathComponent("injected-subject")

    /// From here on its calls fail as `injection` says.
    func inject(_ injection: Injection) throws { tracer = try Tracer(of: identifier, injection) }

    func start() throws { try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8)) }

    /// Waits for its end, which must be in order, and returns what its user saw.
    ///
    /// - Parameter expectingInjection: whether it is a failure that an injection was asked for and no call was made to fail.
    func outcome(expectingInjection: Bool = true, _ location: SourceLocation = #_sourceLocation) throws -> Outcome {
        let line = try readLine()
        process.waitUntilExit()
        let injected = tracer?.finish()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Ended(description: "the subject ended with status or signal \(process.terminationStatus): \(line)")
        }
        if expectingInjection, let injected { #expect(injected > 0, "no call was made to fail", sourceLocation: location) }
        injectedCount = injected ?? 0
        return try JSONDecoder().decode(Outcome.self, from: Data(line.utf8))
    }

    /// Calls that were made to fail, after ``outcome(_:)``.
    private(set) var injectedCount = 0

    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(identifier, SIGKILL)
        process.waitUntilExit()
    }

    /// A line, or what there is of one at the end of the output.
    private func readLine() throws -> String {
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// The safety net: whoever waits for a process that hangs finds it ended.
    static func kill(_ process: Process, after seconds: Int) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) { [weak process] in
            guard let process, process.isRunning else { return }
            Glibc.kill(process.processIdentifier, SIGKILL)
        }
    }
}

/// Names that no other test, and no other run, uses.
func uniqueEndpoint() -> Endpoint { .abstract("ringipc-injected-\(getpid())-\(UUID())") }
