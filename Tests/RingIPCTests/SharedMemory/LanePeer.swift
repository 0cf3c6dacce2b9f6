import Foundation
import Glibc

@testable import RingIPC

/// A process of another language at the other end of a connection, which takes the steps that it is told (`lane_peer.py`).
final class LanePeer {
    /// For `Endpoint.descriptor`: the survivor's end of the socket.
    let descriptor: Int32
    private let output: RawPeer

    /// Starts processes by forking itself, which takes a hundredth of the time that an interpreter takes to start. It ends with this process.
    private static let starter: Starter = {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("lane_peer.py").path
        var jobs: [Int32] = [-1, -1]
        require(unsafe socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &jobs) == 0)
        defer { close(jobs[1]) }
        guard let process = try? ChildProcess("/usr/bin/env", ["python3", script], input: jobs[1], errors: STDERR_FILENO) else {
            fatalError("no python3")
        }
        return Starter(process: process, jobs: jobs[0])
    }()

    private struct Starter: @unchecked Sendable {
        /// Nobody calls it any more.
        let process: ChildProcess
        let jobs: Int32
    }

    init(_ steps: [String]) throws {
        let (socket, descriptor) = RawPeer.pair()
        let (output, printed) = RawPeer.pair()
        self.descriptor = descriptor
        self.output = output
        let isSent = sendPassing([socket.descriptor, printed], with: Array(steps.joined(separator: " ").utf8), to: Self.starter.jobs)
        require(isSent, "errno \(errno)")
        socket.close()
        close(printed)
    }

    /// The files of shared memory that it has made or got. Waits for its end, which has to be its own SIGKILL.
    func files() throws -> [MemoryFile] {
        let lines = String(decoding: try output.readToEnd(), as: UTF8.self).split(separator: "\n")
        if lines.last == "ended" { throw Outlived() }
        return lines.compactMap { UInt64($0) }.map { MemoryFile(inode: $0) }
    }

    /// It came to the end of its steps, or to one that failed: standard error says which.
    struct Outlived: Error {}
}
