import RingIPC

/// Answers every message in capital letters.
struct Shout: ConnectionHandler {
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() {
            let text = frame.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            try reply.send(text.uppercased().utf8Span.span.bytes)
        }
    }

    mutating func closed(_ reason: CloseReason) {
        // A peer that breaks the format costs its own connection and nothing else.
        if case .failed(let error) = reason { print(error) }
    }
}

@main
enum Server {
    static func main() throws {
        guard CommandLine.arguments.count == 2 else { return print("usage: shout-server PATH") }
        var configuration = Configuration()
        // What `QDataStream << QByteArray` writes.
        configuration.format = .qByteArray
        configuration.maximumFrameLength = 1 << 20

        let loop = try EventLoop(configuration: configuration)
        try loop.listen(on: .path(CommandLine.arguments[1])) { _ in Shout() }
        loop.post { _ in print("Listening on \(CommandLine.arguments[1])") }
        try loop.run()
    }
}
