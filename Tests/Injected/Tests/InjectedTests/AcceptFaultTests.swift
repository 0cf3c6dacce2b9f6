import Exchange
import RingIPC
import Testing

extension InjectedTests {
    /// The kernel cannot accept for a while.
    @Suite(needsTracer) struct AcceptFaultTests {
        /// The first client is in; three attempts after it fail while the second waits in the listen queue.
        @Test(arguments: ["EMFILE", "ENFILE", "ENOMEM", "ECONNABORTED", "EINTR"])
        func `a loop serves who is there, and who waits when the fault is over`(_ error: String) throws {
            let endpoint = uniqueEndpoint()
            let subject = try Subject(.serve, .epoll, on: endpoint, connections: 2)
            var first = try Connection(connectingTo: endpoint)
            var second = try Connection(connectingTo: endpoint)
            try subject.inject(Injection("accept4", error, when: "2..4"))
            try subject.start()
            #expect(try Exchange.run(over: &first) == Exchange.frameCount)
            #expect(try Exchange.run(over: &second) == Exchange.frameCount)
            try first.close()
            try second.close()
            let outcome = try subject.outcome()
            #expect(subject.injectedCount == 3)
            #expect(outcome.error == nil && outcome.accepted == 2 && outcome.ends == ["finished", "finished"])
            // A signal, and a client that left, are no want of anything.
            #expect(outcome.acceptFailures == (["ECONNABORTED", "EINTR"].contains(error) ? 0 : 3))
        }

        @Test(
            arguments: Machine.blockingChoices,
            [
                ("EMFILE", "descriptorsExhausted"), ("ENFILE", "descriptorsExhausted"), ("ENOMEM", "memoryExhausted"),
                ("ECONNABORTED", nil), ("EINTR", nil),
            ])
        func `a blocking listener says what is missing, and accepts when asked again`(
            _ backend: BackendChoice, _ fault: (name: String, code: String?)
        ) throws {
            let endpoint = uniqueEndpoint()
            let subject = try Subject(.accept, backend, on: endpoint)
            try subject.inject(Injection("accept4", fault.name, when: "1..3"))
            try subject.start()
            try exchange(with: endpoint)
            let outcome = try subject.outcome()
            #expect(subject.injectedCount == 3)
            let errors = fault.code.map { [$0, $0, $0] } ?? []
            #expect(outcome.accepted == 1 && outcome.ends == errors + ["finished"])
        }
    }

    /// What a tracer cannot reach, since a ring accepts inside the kernel: a process that may have few descriptors.
    @Suite struct DescriptorLimitTests {
        @Test(arguments: Machine.backends)
        func `more clients than descriptors: one ends, the next is served`(_ backend: BackendChoice) throws {
            let endpoint = uniqueEndpoint()
            let count = 40
            let subject = try Subject(.serve, backend, on: endpoint, connections: count, descriptors: 24)
            try subject.start()
            // All of them are connected, as far as they can tell, before the first is done.
            let sessions = try (0..<count).map { _ in
                let descriptor = try connectedDescriptor(to: endpoint)
                return { () throws -> Int in
                    var connection = try Connection(connectingTo: .descriptor(descriptor))
                    let count = try Exchange.run(over: &connection)
                    try connection.close()
                    return count
                }
            }
            for session in sessions { #expect(try session() == Exchange.frameCount) }
            let outcome = try subject.outcome()
            #expect(outcome.backend == backend.rawValue && outcome.error == nil)
            #expect(outcome.accepted == count && outcome.acceptFailures > 0)
            #expect(outcome.ends.allSatisfy { $0 == "finished" }, "\(outcome.ends)")
        }
    }
}
