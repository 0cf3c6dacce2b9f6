import Foundation
import Glibc
import Synchronization
import Testing

@testable import RingIPC

@Suite struct ConnectTests {
    @Test func `a name that does not exist is not found`() {
        let directory = TemporaryDirectory()
        #expect(connectFailure(.path(directory.file("s")))?.code == .notFound)
        // The kernel has no names without sockets in the abstract namespace: ECONNREFUSED.
        #expect(connectFailure(.abstract(uniqueAbstractName()))?.code == .connectionRefused)
    }

    @Test func `a stale file refuses`() {
        let directory = TemporaryDirectory()
        Plain.leaveStaleFile(directory.file("s"))
        let error = connectFailure(.path(directory.file("s")))
        #expect(error?.code == .connectionRefused && error?.systemError == ECONNREFUSED)
        #expect(error?.endpoint == .path(directory.file("s")))
    }

    @Test(arguments: [Duration.zero, .nanoseconds(1), .seconds(5), .seconds(Int64.max)])
    func `the socket is in blocking mode, without a send time-out, and closed on exec`(timeout: Duration) throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let listener = try ListeningSocket(endpoint, configuration: Configuration())
        let client = try Socket.connect(to: endpoint, timeout: timeout)
        #expect(!isNonBlocking(client.descriptor) && isCloseOnExec(client.descriptor))
        var limit = timeval(tv_sec: 1, tv_usec: 1)
        var size = socklen_t(MemoryLayout<timeval>.size)
        #expect(unsafe getsockopt(client.descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, &size) == 0)
        #expect(limit.tv_sec == 0 && limit.tv_usec == 0)
        #expect(listener.descriptor >= 0)
    }

    @Test(arguments: [0, 1, 30])
    func `a full queue ends at the deadline, and the error names the queue`(milliseconds: Int64) throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let listener = try ListeningSocket(endpoint, configuration: .with { $0.listenBacklog = 0 })
        let first = try Socket.connect(to: endpoint, timeout: .zero)
        let clock = ContinuousClock()
        let start = clock.now
        let error = connectFailure(endpoint, timeout: .milliseconds(milliseconds))
        let elapsed = clock.now - start
        #expect(error?.code == .timedOut && error?.detail.contains("listen queue is full") == true)
        #expect(elapsed >= .milliseconds(milliseconds))
        #expect(elapsed < .seconds(5), "a bound for a slow machine, far from for ever")
        #expect(listener.descriptor >= 0 && first.descriptor >= 0)
    }

    @Test func `a client that waits for room gets it as soon as the server accepts`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let listener = try ListeningSocket(endpoint, configuration: .with { $0.listenBacklog = 0 })
        let first = try Socket.connect(to: endpoint, timeout: .zero)
        let outcome = Outcome()
        Thread { outcome.finish(connectFailure(endpoint, timeout: .seconds(60))) }.start()
        // Whether the thread is waiting by now or not, it connects; that it can do so only after this is what counts.
        switch try listener.accept() {
        case .some: break
        case .none: Issue.record("the first client was not there")
        }
        #expect(outcome.wait() == nil)
        #expect(first.descriptor >= 0)
    }

    @Test func `a client that waits for room is refused when the server closes`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let listener = try ListeningSocket(endpoint, configuration: .with { $0.listenBacklog = 0 })
        let first = try Socket.connect(to: endpoint, timeout: .zero)
        let outcome = Outcome()
        Thread { outcome.finish(connectFailure(endpoint, timeout: .seconds(60))) }.start()
        listener.close()
        #expect(outcome.wait()?.code == .connectionRefused)
        #expect(first.descriptor >= 0)
    }

    private final class Outcome: Sendable {
        private let error = Mutex<TransportError?>(nil)
        private let done = DispatchSemaphore(value: 0)
        func finish(_ result: TransportError?) {
            error.withLock { $0 = result }
            done.signal()
        }
        func wait() -> TransportError? {
            done.wait()
            return error.withLock { $0 }
        }
    }
}
