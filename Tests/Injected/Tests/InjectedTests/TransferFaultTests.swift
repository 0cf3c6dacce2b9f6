import Exchange
import RingIPC
import Testing

extension InjectedTests {
    /// Calls that move bytes or wait for them are interrupted, or find nothing where the kernel had promised something. Nobody sees any of it.
    @Suite(needsTracer) struct TransferFaultTests {
        static let receiving = ["EINTR", "EAGAIN"].map { Injection("recvfrom", $0, when: "1+3") }
        static let sending = ["EINTR", "EAGAIN"].flatMap { error in ["sendto", "sendmsg"].map { Injection($0, error, when: "1+3") } }
        static let epollWaiting = [
            Injection("epoll_wait,epoll_pwait,epoll_pwait2", "EINTR", when: "1+3"),
            // A kernel before 5.11.
            Injection("epoll_pwait2", "ENOSYS"),
        ]
        static let entering = ["EINTR", "EBUSY", "EAGAIN"].flatMap { error in
            ["1+3", "2+2"].map { Injection("io_uring_enter", error, when: $0) }
        }
        static let polling = [Injection("ppoll", "EINTR", when: "1+3")]

        private static func serve(_ backend: BackendChoice, _ injection: Injection) throws {
            let endpoint = uniqueEndpoint()
            let subject = try Subject(.serve, backend, on: endpoint, connections: 2)
            try subject.inject(injection)
            try subject.start()
            try exchange(with: endpoint)
            try exchange(with: endpoint)
            let outcome = try subject.outcome()
            #expect(outcome.backend == backend.rawValue && outcome.error == nil)
            #expect(outcome.ends == ["finished", "finished"])
        }

        private static func connect(_ backend: BackendChoice, _ injection: Injection) throws {
            let outcome = try withEchoServer { endpoint in
                let subject = try Subject(.connect, backend, on: endpoint)
                try subject.inject(injection)
                try subject.start()
                return try subject.outcome()
            }
            #expect(outcome.error == nil && outcome.echoed == Exchange.frameCount, "\(outcome)")
            #expect(outcome.backend == backend.rawValue)
        }

        @Test(arguments: receiving + sending.filter { $0.calls == "sendto" } + epollWaiting)
        func `an epoll loop loses nothing`(_ injection: Injection) throws { try Self.serve(.epoll, injection) }

        @Test(.enabled(if: Machine.hasUring), arguments: entering)
        func `an io_uring loop loses nothing`(_ injection: Injection) throws { try Self.serve(.ioUring, injection) }

        @Test(arguments: Machine.blockingChoices, receiving.filter { $0.error != "EAGAIN" } + sending)
        func `a blocking connection loses nothing`(_ backend: BackendChoice, _ injection: Injection) throws {
            try Self.connect(backend, injection)
        }

        @Test(arguments: Machine.backends)
        func `a blocking connection that was promised input and finds none waits again`(_ backend: BackendChoice) throws {
            try Self.connect(backend, Injection("recvfrom", "EAGAIN", when: "1+3"))
        }

        /// What it gets when another process, which shares the socket, has made it non-blocking.
        @Test
        func `a blocking connection whose recv does not wait waits itself`() throws {
            try Self.connect(.automatic, Injection("recvfrom", "EAGAIN", when: "1+3"))
        }

        @Test(arguments: epollWaiting)
        func `a blocking connection on epoll loses nothing`(_ injection: Injection) throws { try Self.connect(.epoll, injection) }

        @Test(.enabled(if: Machine.hasUring), arguments: entering)
        func `a blocking connection on io_uring loses nothing`(_ injection: Injection) throws { try Self.connect(.ioUring, injection) }

        @Test(arguments: polling)
        func `a blocking connection that waits for the hello loses nothing`(_ injection: Injection) throws {
            try Self.connect(.automatic, injection)
        }

        @Test func `a blocking listener that waits is interrupted, and goes on`() throws {
            let endpoint = uniqueEndpoint()
            let subject = try Subject(.accept, .automatic, on: endpoint)
            try subject.inject(Injection("ppoll", "EINTR", when: "1..3"))
            try subject.start()
            try exchange(with: endpoint)
            #expect(try subject.outcome().ends == ["finished"])
        }
    }
}
