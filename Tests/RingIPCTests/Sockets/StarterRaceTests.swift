import Foundation
import Glibc
import Synchronization
import Testing

@testable import RingIPC

@Suite struct StarterRaceTests {
    /// Keeps what a thread has opened until all have tried.
    private final class Attempt: Sendable {
        let listener = Mutex<ListeningSocket?>(nil)
        let code = Mutex<TransportError.Code?>(nil)

        func start(_ endpoint: Endpoint) {
            do throws(TransportError) {
                // Opened under the mutex, which belongs to this attempt alone: a closure cannot consume what it captures.
                try listener.withLock { slot throws(TransportError) in
                    slot = try ListeningSocket(endpoint, configuration: Configuration())
                }
            } catch {
                code.withLock { $0 = error.code }
            }
        }
        var isWinner: Bool {
            listener.withLock { listener in
                switch listener {
                case .some: true
                case .none: false
                }
            }
        }
        func close() { listener.withLock { $0 = nil } }
    }

    /// All bodies on threads of their own, let go at the same moment.
    private func together(_ bodies: [@Sendable () -> Void]) {
        let gate = Gate(waiting: bodies.count)
        let finished = DispatchSemaphore(value: 0)
        for body in bodies {
            Thread {
                gate.pass()
                body()
                finished.signal()
            }.start()
        }
        for _ in bodies { finished.wait() }
    }

    private final class Gate: Sendable {
        private let waiting: Atomic<Int>
        init(waiting: Int) { self.waiting = Atomic(waiting) }
        func pass() {
            waiting.subtract(1, ordering: .acquiringAndReleasing)
            while waiting.load(ordering: .acquiring) > 0 { sched_yield() }
        }
    }

    @Test(arguments: [true, false])
    func `of several starters at once exactly one wins`(startsWithStaleFile: Bool) throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        for round in 0..<150 {
            if startsWithStaleFile { Plain.leaveStaleFile(path) }
            let attempts = (0..<4).map { _ in Attempt() }
            together(attempts.map { attempt in { attempt.start(.path(path)) } })
            let winners = attempts.filter(\.isWinner)
            try #require(winners.count == 1, "round \(round)")
            let codes = attempts.compactMap { attempt in attempt.code.withLock { $0 } }
            try #require(codes == [.addressInUse, .addressInUse, .addressInUse], "round \(round)")
            let answers = try winners[0].listener.withLock { listener throws(TransportError) in
                switch listener {
                case .some(let listener): try listener.answers(.path(path))
                case .none: false
                }
            }
            try #require(answers, "round \(round)")
            winners[0].close()
            try #require(directory.entries == [], "round \(round)")
        }
    }

    @Test func `a listener that closes while its successor starts leaves the successor's file`() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        for round in 0..<300 {
            let old = Attempt()
            let successor = Attempt()
            old.start(.path(path))
            together([
                { old.close() },
                {
                    // What makes the name free while the old one is alive: somebody removes its file.
                    _ = unsafe unlink(path)
                    successor.start(.path(path))
                },
            ])
            try #require(successor.isWinner, "round \(round)")
            try #require(directory.entries == ["s"], "round \(round)")
            try #require(connectFailure(.path(path), timeout: .zero) == nil, "round \(round)")
            successor.close()
        }
    }

    @Test func `starters and closers in any order: never two at once, and the one can be reached`() {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        let tally = Tally()
        together(
            (0..<4).map { _ in
                {
                    for _ in 0..<200 {
                        do throws(TransportError) {
                            let listener = try ListeningSocket(.path(path), configuration: Configuration())
                            if tally.alive.add(1, ordering: .sequentiallyConsistent).newValue != 1 { tally.fail("two at once") }
                            if try !listener.answers(.path(path)) { tally.fail("another one answered") }
                            tally.alive.subtract(1, ordering: .sequentiallyConsistent)
                            listener.close()
                            tally.wins.add(1, ordering: .relaxed)
                        } catch {
                            if error.code != .addressInUse { tally.fail("\(error)") }
                        }
                    }
                }
            })
        #expect(tally.failures.withLock { $0 } == [])
        #expect(tally.wins.load(ordering: .relaxed) > 0)
        #expect(directory.entries == [])
    }

    @Test func `the lock of a name has one holder at a time, though each removes the lock file`() {
        let directory = TemporaryDirectory()
        let path = directory.file("s")
        let tally = Tally()
        together(
            (0..<4).map { _ in
                {
                    for _ in 0..<3000 {
                        do throws(TransportError) {
                            let lock = try NameLock(guarding: .path(path), at: path, timeout: 60_000_000_000)
                            if tally.alive.add(1, ordering: .sequentiallyConsistent).newValue != 1 { tally.fail("two at once") }
                            tally.alive.subtract(1, ordering: .sequentiallyConsistent)
                            _ = consume lock
                        } catch {
                            tally.fail("\(error)")
                        }
                    }
                }
            })
        #expect(tally.failures.withLock { $0 } == [])
        #expect(directory.entries == [])
    }

    private final class Tally: Sendable {
        let alive = Atomic(0)
        let wins = Atomic(0)
        let failures = Mutex<[String]>([])
        func fail(_ text: String) { failures.withLock { $0.append(text) } }
    }
}
