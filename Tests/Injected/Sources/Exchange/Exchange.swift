internal import Glibc
public import RingIPC

/// What the subject and the test do with each other: the client sends a frame and compares what comes back, byte by byte.
public enum Exchange {
    /// The last is longer than a connection's receive ring and than any pooled buffer, so that memory has to grow for it.
    private static let sizes = [0, 1, 100, 5_000, 70_000, 400_000]

    /// Frames of one exchange: each size twice.
    public static let frameCount = 2 * sizes.count

    /// - Returns: how many frames came back as they were sent.
    public static func run(over connection: inout Connection) throws -> Int {
        var count = 0
        for index in 0..<frameCount {
            let sent = content(index)
            unsafe try connection.send(sent.span.bytes)
            // No time is given: this is the wait of a program that waits for ever.
            let isSame = try connection.receive { frame, _ in
                unsafe frame.bytes.withUnsafeBytes { unsafe isEqual($0, sent) }
            }
            guard isSame == true else { return count }
            count += 1
        }
        return count
    }

    private static func content(_ index: Int) -> [UInt8] {
        var content: [UInt8] = []
        let size = sizes[index % sizes.count]
        content.reserveCapacity(size)
        while content.count < size { content += block[(index * 31)...].prefix(size - content.count) }
        return content
    }

    /// No divisor of it is a power of two, so that no two pages of a long frame are alike.
    private static let block = (0..<4_999).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    /// With memcmp: element by element takes long without the optimizer.
    private static func isEqual(_ bytes: UnsafeRawBufferPointer, _ other: [UInt8]) -> Bool {
        guard bytes.count == other.count else { return false }
        guard let address = bytes.baseAddress else { return true }
        return unsafe other.withUnsafeBytes { unsafe memcmp(address, $0.baseAddress!, $0.count) == 0 }
    }
}

/// Sends back what it gets.
public struct Echo: ConnectionHandler, Sendable {
    private let closed: @Sendable (CloseReason) -> Void

    /// - Parameter closed: called once with how the connection ended.
    public init(closed: @escaping @Sendable (CloseReason) -> Void = { _ in }) { self.closed = closed }

    public mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() { try reply.send(frame.bytes) }
    }
    public mutating func closed(_ reason: CloseReason) { closed(reason) }
}

extension Configuration {
    /// Waits that sleep, so that each test makes the calls that it wants to fail.
    public static func sleeping(on backend: BackendChoice) -> Configuration {
        var configuration = Configuration()
        configuration.backend = backend
        configuration.wait = .block
        // Less than the patience of a test.
        configuration.frameTimeout = .seconds(1)
        return configuration
    }
}
