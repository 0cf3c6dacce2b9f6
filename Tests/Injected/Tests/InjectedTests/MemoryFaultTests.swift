import Exchange
import RingIPC
import Testing

extension InjectedTests {
    /// The kernel has no memory: for a mapping, or to watch a descriptor.
    @Suite(needsTracer) struct MemoryFaultTests {
        struct Case: Sendable, CustomStringConvertible {
            let role: Subject.Role
            let backend: BackendChoice
            var description: String { "\(role) \(backend)" }
        }
        static let cases = Machine.blockingChoices.flatMap { [Case(role: .serve, backend: $0), Case(role: .connect, backend: $0)] }

        /// One session, and what the subject's user saw of it.
        private static func run(_ this: Case, _ injection: Injection) throws -> (outcome: Outcome, injectedCount: Int, client: Bool) {
            switch this.role {
            case .connect:
                return try withEchoServer { endpoint in
                    let subject = try Subject(.connect, this.backend, on: endpoint)
                    try subject.inject(injection)
                    try subject.start()
                    let outcome = try subject.outcome(expectingInjection: false)
                    return (outcome, subject.injectedCount, outcome.echoed == Exchange.frameCount)
                }
            case .serve, .accept:
                let endpoint = uniqueEndpoint()
                let subject = try Subject(this.role, this.backend, on: endpoint)
                let descriptor = try connectedDescriptor(to: endpoint)
                let client = Background {
                    var connection = try Connection(connectingTo: .descriptor(descriptor))
                    let count = try Exchange.run(over: &connection)
                    try connection.close()
                    return count == Exchange.frameCount
                }
                try subject.inject(injection)
                try subject.start()
                let outcome = try subject.outcome(expectingInjection: false)
                return (outcome, subject.injectedCount, (try? client.value()) ?? false)
            }
        }

        private static let refusals = ["memoryExhausted", "backendUnavailable"]

        /// Fails each mapping of a session in turn, one per run, until a run makes fewer of them.
        @Test(arguments: cases, ["mmap", "mremap"])
        func `whichever mapping fails, the session works or is refused in words`(_ this: Case, _ call: String) throws {
            var refusals = 0
            for number in 1...1_000 {
                let (outcome, injectedCount, isClientServed) = try Self.run(this, Injection(call, "ENOMEM", when: "\(number)"))
                if injectedCount == 0 {
                    #expect(number > 1, "no \(call) was made to fail")
                    break
                }
                let error = outcome.error?.code ?? outcome.ends.first { $0 != "finished" }
                if let error {
                    refusals += 1
                    #expect(Self.refusals.contains(error), "\(call) \(number): \(outcome)")
                } else {
                    #expect(isClientServed, "\(call) \(number): \(outcome)")
                }
            }
            if call == "mmap" { #expect(refusals > 0) }
        }

        @Test(arguments: Machine.backends)
        func `a long frame that the kernel has no memory for ends its connection with that reason`(_ backend: BackendChoice) throws {
            let outcome = try Self.run(Case(role: .serve, backend: backend), Injection("mremap", "ENOMEM")).outcome
            #expect(outcome.error == nil && outcome.ends == ["memoryExhausted"])
        }

        @Test(arguments: cases)
        func `without any mapping nothing starts, and it is said why`(_ this: Case) throws {
            let (outcome, injectedCount, _) = try Self.run(this, Injection("mmap", "ENOMEM"))
            #expect(injectedCount > 0)
            #expect(outcome.error?.code == (this.backend == .ioUring ? "backendUnavailable" : "memoryExhausted"), "\(outcome)")
            #expect(outcome.error?.detail.isEmpty == false)
        }

        // MARK: epoll_ctl

        static let watchErrors = [("ENOMEM", "memoryExhausted"), ("ENOSPC", "systemFailure")]

        /// The first call is for the loop's own wake-up, the second for the listener, the third for the first client.
        @Test(arguments: watchErrors)
        func `a connection that cannot be watched is lost, and no other`(_ fault: (name: String, code: String)) throws {
            let endpoint = uniqueEndpoint()
            let subject = try Subject(.serve, .epoll, on: endpoint, connections: 2)
            var lost = try Connection(connectingTo: endpoint)
            var other = try Connection(connectingTo: endpoint)
            try subject.inject(Injection("epoll_ctl", fault.name, when: "3"))
            try subject.start()
            #expect(try Exchange.run(over: &other) == Exchange.frameCount)
            #expect(throws: TransportError.self) { try Exchange.run(over: &lost) }
            try other.close()
            let outcome = try subject.outcome()
            #expect(outcome.error == nil && outcome.ends == [fault.code, "finished"])
        }

        @Test(arguments: watchErrors)
        func `a loop that cannot watch its own wake-up does not start`(_ fault: (name: String, code: String)) throws {
            let subject = try Subject(.serve, .epoll, on: uniqueEndpoint())
            try subject.inject(Injection("epoll_ctl", fault.name, when: "1"))
            try subject.start()
            #expect(try subject.outcome().error?.code == fault.code)
        }

        @Test(arguments: watchErrors)
        func `a loop that cannot watch its listener does not look alive`(_ fault: (name: String, code: String)) throws {
            let subject = try Subject(.serve, .epoll, on: uniqueEndpoint())
            try subject.inject(Injection("epoll_ctl", fault.name, when: "2"))
            try subject.start()
            #expect(try subject.outcome().error?.code == fault.code)
        }

        @Test(arguments: watchErrors)
        func `a blocking connection that cannot be watched is not opened`(_ fault: (name: String, code: String)) throws {
            let outcome = try withEchoServer { endpoint in
                let subject = try Subject(.connect, .epoll, on: endpoint)
                try subject.inject(Injection("epoll_ctl", fault.name))
                try subject.start()
                return try subject.outcome()
            }
            #expect(outcome.error?.code == fault.code)
        }
    }
}
