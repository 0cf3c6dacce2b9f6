import Exchange
import RingIPC
import Synchronization

extension Outcome.Failure {
    init(_ error: TransportError) {
        self.init(code: "\(error.code)", systemError: error.systemError, detail: error.detail)
    }
}

/// A loop that echoes, until so many connections have ended.
final class Server: Sendable {
    private let loop: EventLoop
    private let outcome = Mutex(Outcome())
    private let connectionCount: Int

    init(_ configuration: Configuration, _ endpoint: Endpoint, connections: Int) throws {
        loop = try EventLoop(configuration: configuration)
        connectionCount = connections
        try loop.listen(on: endpoint) { [self] _ in Echo(closed: noteEnd) }
        loop.post { [self] loop in
            let report = loop.backend
            outcome.withLock {
                $0.backend = report.backend.rawValue
                $0.reason = report.reason
            }
        }
    }

    func run() -> Outcome {
        var failure: TransportError?
        do { try loop.run() } catch { failure = error }
        return outcome.withLock {
            $0.error = failure.map(Outcome.Failure.init)
            return $0
        }
    }

    private func noteEnd(_ reason: CloseReason) {
        let end =
            switch reason {
            case .finished: "finished"
            case .failed(let error): "\(error.code)"
            }
        let isLast = outcome.withLock {
            $0.ends.append(end)
            return $0.ends.count == connectionCount
        }
        guard isLast else { return }
        loop.post { [self] loop in
            let statistics = loop.statistics
            outcome.withLock {
                $0.accepted = Int(statistics.acceptedConnections)
                $0.acceptFailures = Int(statistics.acceptFailures)
            }
            loop.stop()
        }
    }
}

/// A blocking listener that serves one connection after the other.
func accept(from listener: inout Listener, connections: Int) -> Outcome {
    var outcome = Outcome()
    while outcome.accepted < connections {
        do {
            var connection = try listener.accept()
            outcome.accepted += 1
            while try connection.receive({ frame, reply in try reply.send(frame.bytes) }) != nil {}
            try connection.close()
            outcome.ends.append("finished")
        } catch let error as TransportError {
            outcome.ends.append("\(error.code)")
        } catch {
            outcome.ends.append("\(error)")
        }
    }
    return outcome
}

func connect(to endpoint: Endpoint, _ configuration: Configuration) -> Outcome {
    var outcome = Outcome()
    do {
        var connection = try Connection(connectingTo: endpoint, configuration: configuration)
        outcome.backend = connection.backend.backend.rawValue
        outcome.reason = connection.backend.reason
        outcome.echoed = try Exchange.run(over: &connection)
        try connection.close()
    } catch let error as TransportError {
        outcome.error = Outcome.Failure(error)
    } catch {
        outcome.error = Outcome.Failure(code: "other", systemError: nil, detail: "\(error)")
    }
    return outcome
}
