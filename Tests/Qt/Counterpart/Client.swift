import RingIPC

/// One blocking connection, and what it says.
struct Client: ~Copyable {
    private let options: Options
    private var connection: Connection
    private var checker: Checker
    private var plan: Plan { options.plan }

    init(_ options: Options) throws {
        self.options = options
        connection = try Connection(connectingTo: options.endpoint, configuration: options.configuration)
        checker = options.checker
    }

    consuming func run() {
        var end = "finished"
        var detail = ""
        do {
            switch options.mode {
            case .source: try receiveToEnd()
            case .echo, .sink, .hold: try converse()
            }
        } catch let error as TransportError {
            (end, detail) = ("\(error.code)", error.detail)
        } catch {
            (end, detail) = ("wrong", "\(error)")
        }
        let checker = checker
        do { try connection.close() } catch  where end == "finished" { (end, detail) = ("\(error.code)", error.detail) } catch {}
        report(checker, end: end, detail: detail)
    }

    private mutating func converse() throws {
        if options.style == .stall { return try stall() }
        let together = options.style == .together ? plan.count : options.style == .pairs ? 2 : 1
        for first in stride(from: 0, to: plan.count, by: together) {
            let end = min(plan.count, first + together)
            for index in first..<end { try send(index) }
            try connection.flush()
            while options.mode == .echo, checker.count < end {
                guard try receive() else { throw Mismatch(index: checker.count) }
            }
        }
    }

    private mutating func send(_ index: Int) throws {
        if options.style == .bytes { return try sendByteByByte(plan.encoded(index)) }
        guard !plan.isNull(index) else { return try connection.sendNull() }
        let payload = plan.payload(index)
        unsafe try connection.send(payload.span.bytes)
    }

    private mutating func sendByteByByte(_ stream: [UInt8]) throws {
        for byte in stream {
            let single = [byte]
            unsafe try connection.send(single.span.bytes)
            try connection.flush()
        }
    }

    /// Half of a message, and then nothing more until somebody ends this process.
    private mutating func stall() throws {
        let stream = plan.encoded(0)
        let half = Array(stream[..<(stream.count / 2)])
        unsafe try connection.send(half.span.bytes)
        try connection.flush()
        say("STALLED")
        try receiveToEnd()
    }

    private mutating func receive() throws -> Bool {
        var checker = checker
        defer { self.checker = checker }
        return try connection.receive { frame, _ in try checker.take(frame) } != nil
    }

    private mutating func receiveToEnd() throws {
        while try receive() {}
    }
}
