import RingIPC

/// Serves one client on a loop.
func serve(_ options: Options) throws {
    let loop = try EventLoop(configuration: options.configuration)
    try loop.listen(on: options.endpoint) { _ in Host(options, loop) }
    // Listening begins with the loop's first turn.
    loop.post { _ in say("READY") }
    try loop.run()
}

private struct Host: ConnectionHandler {
    private let options: Options
    private let loop: EventLoop
    private var checker: Checker
    private var sentCount = 0

    init(_ options: Options, _ loop: EventLoop) {
        self.options = options
        self.loop = loop
        checker = options.checker
    }

    mutating func opened(_ outbound: inout Outbound) { sendMore(&outbound) }
    mutating func writable(_ outbound: inout Outbound) { sendMore(&outbound) }

    private mutating func sendMore(_ outbound: inout Outbound) {
        guard options.mode == .source else { return }
        while sentCount < options.plan.count {
            do throws(TransportError) { try outbound.send(options.plan, sentCount) } catch {
                if error.code == .outboundFull { outbound.notifyWhenWritable() }
                return
            }
            sentCount += 1
        }
        outbound.close()
    }

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() {
            try checker.take(frame)
            if options.mode == .hold { say("HOLDING") }
            guard options.mode == .echo else { continue }
            if frame.isNull { try reply.sendNull() } else { try reply.send(frame.bytes) }
        }
    }

    mutating func closed(_ reason: CloseReason) {
        switch reason {
        case .finished: report(checker, end: "finished")
        case .failed(let error): report(checker, end: "\(error.code)", detail: error.detail)
        }
        loop.stop()
    }
}

extension Outbound {
    mutating func send(_ plan: Plan, _ index: Int) throws(TransportError) {
        guard !plan.isNull(index) else { return try sendNull() }
        let payload = plan.payload(index)
        unsafe try send(payload.span.bytes)
    }
}
