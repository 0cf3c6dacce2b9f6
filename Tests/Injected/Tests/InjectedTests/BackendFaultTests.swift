import Exchange
import RingIPC
import Testing

extension InjectedTests {
    /// io_uring is forbidden, missing, or has no memory.
    @Suite(needsTracer) struct BackendFaultTests {
        static let errors = [
            ("EPERM", Int32(1), "forbids"), ("ENOSYS", 38, "has none"), ("ENOMEM", 12, "locked memory"), ("EINVAL", 22, "older"),
        ]

        /// 1: io_uring is refused from the beginning. 2: it works when it is tried out, and no more when the loop wants it.
        @Test(arguments: errors, ["1+", "2+"])
        func `an automatic loop runs on epoll, and says why`(_ fault: (name: String, number: Int32, word: String), _ when: String) throws {
            let endpoint = uniqueEndpoint()
            let subject = try Subject(.serve, .automatic, on: endpoint)
            try subject.inject(Injection("io_uring_setup", fault.name, when: when))
            try subject.start()
            try exchange(with: endpoint)
            let outcome = try subject.outcome()
            #expect(outcome.error == nil && outcome.ends == ["finished"])
            #expect(outcome.backend == "epoll" && outcome.reason?.contains(fault.word) == true, "\(outcome.reason ?? "")")
        }

        @Test(arguments: errors, [Subject.Role.serve, .connect])
        func `io_uring by its name is refused, with the reason`(
            _ fault: (name: String, number: Int32, word: String), _ role: Subject.Role
        ) throws {
            let outcome = try withEchoServer { endpoint in
                let subject = try Subject(role, .ioUring, on: role == .connect ? endpoint : uniqueEndpoint())
                try subject.inject(Injection("io_uring_setup", fault.name))
                try subject.start()
                return try subject.outcome()
            }
            #expect(outcome.error?.code == "backendUnavailable" && outcome.error?.systemError == fault.number)
            #expect(outcome.error?.detail.contains(fault.word) == true, "\(outcome.error?.detail ?? "")")
        }

        @Test
        func `a signal while io_uring is tried out costs no feature`() throws {
            let endpoint = uniqueEndpoint()
            let subject = try Subject(.serve, .automatic, on: endpoint)
            try subject.inject(Injection("io_uring_enter", "EINTR", when: "1"))
            try subject.start()
            try exchange(with: endpoint)
            #expect(try subject.outcome().reason?.contains("multishot receive") == true)
        }
    }
}
