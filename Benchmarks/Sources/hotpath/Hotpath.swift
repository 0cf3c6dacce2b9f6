// Sends and receives the given number of frames, and nothing else: what a profiler is to count.
//
//     hotpath blocking|loop automatic|epoll|io_uring FRAMES
//     hotpath blocking|pingpong|loan shared-memory FRAMES
//     hotpath parse native|u32le FRAMES
//
// All of it is in one thread, and batches have a fixed length: how much is done does not depend on when the kernel does its part.

import RingIPC

@main
struct Hotpath {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let count = Int(arguments[3]) else { return printUsage() }
        switch (arguments[1], arguments[2], BackendChoice(rawValue: arguments[2])) {
        case ("parse", "native", _): try runParse(count, .native)
        case ("parse", "u32le", _): try runParse(count, .lengthPrefixed(.little))
        case ("blocking", "shared-memory", _): try runBlocking(count, sharedMemory)
        case ("pingpong", "shared-memory", _): try runPingpong(count, sharedMemory)
        case ("loan", "shared-memory", _): try runLoans(count, sharedMemory)
        case ("blocking", _, let backend?): try runBlocking(count, configuration(backend))
        case ("loop", _, let backend?): try runLoop(count, configuration(backend))
        default: printUsage()
        }
    }

    private static func printUsage() {
        print(
            "usage: hotpath blocking|loop automatic|epoll|io_uring FRAMES, hotpath blocking|pingpong|loan shared-memory FRAMES, "
                + "or hotpath parse native|u32le FRAMES")
    }

    private static var sharedMemory: Configuration {
        var configuration = configuration(.automatic)
        configuration.sharedMemory = SharedMemoryOptions()
        configuration.wait = .spin
        return configuration
    }

    private static func configuration(_ backend: BackendChoice) -> Configuration {
        var configuration = Configuration()
        configuration.backend = backend
        configuration.wait = .block
        return configuration
    }
}

private struct Pair: ~Copyable {
    var client: Connection
    var server: Connection

    init(_ configuration: Configuration) throws {
        let endpoint = Endpoint.abstract("ringipc-hotpath-\(UInt64.random(in: 0 ... .max))")
        var listener = try Listener(endpoint, configuration: configuration)
        let connected = try Connection(connectingTo: endpoint, configuration: configuration)
        let accepted = try listener.accept()
        client = connected
        server = accepted
    }
}

/// Both ends in one thread: what one end flushes fits the socket, and the other takes it.
private func runBlocking(_ count: Int, _ configuration: Configuration) throws {
    var pair = try Pair(configuration)
    var sent = 0
    var received = 0
    while received < count {
        for _ in 0..<min(100, count - sent) {
            try pair.client.send(reserving: 64) { $0.storeBytes(of: UInt64(64), as: UInt64.self) }
            sent += 1
        }
        try pair.client.flush()
        while received < sent {
            if received % 2 == 0 {
                _ = try pair.server.receive { frame, _ in received += frame.count / 64 }
            } else {
                _ = try pair.server.receiveBatch { frames, _ in
                    while let frame = try frames.next() { received += frame.count / 64 }
                }
            }
        }
    }
}

/// Each frame is published by itself, and answered.
private func runPingpong(_ count: Int, _ configuration: Configuration) throws {
    var pair = try Pair(configuration)
    for _ in 0..<count / 2 {
        try pair.client.send(reserving: 64) { $0.storeBytes(of: UInt64(64), as: UInt64.self) }
        try pair.client.flush()
        _ = try pair.server.receive { frame, reply in try reply.send(frame.bytes) }
        try pair.server.flush()
        _ = try pair.client.receive { frame, _ in precondition(frame.count == 64) }
    }
    precondition(pair.client.lane.sending == .sharedMemory && pair.client.lane.receiving == .sharedMemory)
}

/// Each frame is lent, and answered by a loan. The bytes are not touched.
private func runLoans(_ count: Int, _ configuration: Configuration) throws {
    var pair = try Pair(configuration)
    var lent = 0
    for _ in 0..<count / 2 {
        if let loan = try pair.client.loan(byteCount: 1 << 20) { try pair.client.send(loan) } else { try pair.client.send(reserving: 0) { _ in } }
        try pair.client.flush()
        _ = try pair.server.receive { frame, reply in
            guard frame.count > 0, let loan = try reply.loan(byteCount: frame.count) else { return try reply.send(frame.bytes) }
            try reply.send(loan)
        }
        try pair.server.flush()
        _ = try pair.client.receive { frame, _ in if frame.count > 0 { lent += 1 } }
    }
    precondition(lent > count / 2 - 10, "the first ones come before both sides have agreed on shared memory")
}

/// Two handlers of one loop that answer each other.
private struct Ball: ConnectionHandler {
    let loop: EventLoop
    var remaining: Int
    let serves: Bool

    mutating func opened(_ outbound: inout Outbound) {
        guard serves else { return }
        for _ in 0..<10 { try? outbound.send(reserving: 64) { $0.storeBytes(of: UInt64(64), as: UInt64.self) } }
    }

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() {
            remaining -= 1
            if remaining > 0 { try reply.send(frame.bytes) }
        }
        if remaining <= 0 { loop.stop() }
    }
}

/// Each handler receives half of the frames.
private func runLoop(_ count: Int, _ configuration: Configuration) throws {
    let endpoint = Endpoint.abstract("ringipc-hotpath-\(UInt64.random(in: 0 ... .max))")
    let loop = try EventLoop(configuration: configuration)
    try loop.listen(on: endpoint) { _ in Ball(loop: loop, remaining: count / 2, serves: false) }
    loop.connect(to: endpoint, handler: Ball(loop: loop, remaining: count / 2, serves: true))
    try loop.run()
}
