import Foundation
import Glibc
import Testing

@testable import RingIPC

/// The other side is a process of its own, in another language, written from the document.
@Suite struct SharedRingProcessTests {
    @Test func `a program that knows the document alone answers in its own segment`() throws {
        let own = try SharedSegment(ringSize: 4_096)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("peer.py").path
        let (output, descriptor) = RawPeer.pair()
        let process = try ChildProcess(
            "/usr/bin/env", ["python3", script], input: own.descriptor!, output: descriptor, errors: STDERR_FILENO)
        defer { process.kill() }
        close(descriptor)
        let line = String(decoding: try output.readSome(64), as: UTF8.self)
        let number = try #require(Int32(line.trimmingCharacters(in: .newlines)), "\(line)")
        let peer = try adopt(unsafe open("/proc/\(process.identifier)/fd/\(number)", O_RDONLY | O_CLOEXEC))

        var side = unsafe LaneSide(
            words: MappedWords(own: own.base, peer: peer.base), layout: own.layout, maximumFrameLength: 4_096)
        var random = SeededRandom(seed: 1)
        let payloads = (0..<300).map { _ in random.bytes(random.number(1...1_200)) } + [[]]
        let limit = ContinuousClock.now + safetyNet
        var (sent, received) = (0, 0)
        while received < payloads.count {
            if sent < payloads.count, try side.send(payloads[sent]) { sent += 1 }
            side.publish()
            let answers = try side.receiveAll()
            side.giveBackAll()
            #expect(answers == payloads[received..<(received + answers.count)].map { $0.reversed() })
            received += answers.count
            if answers.isEmpty {
                try #require(ContinuousClock.now < limit, "no answer")
                sched_yield()
            }
        }
    }
}
