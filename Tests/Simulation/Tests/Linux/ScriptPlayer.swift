import Glibc

@testable import RingIPC

/// One call of a script. Ends of connections are numbered in the order in which connect and accept gave them.
enum Step: Equatable {
    case listen(backlog: Int32)
    case connect
    case accept
    case send(Int, Int)
    case receive(Int, Int)
    /// Sends until the kernel takes no more; the answer is the error that says so.
    case fill(Int)
    /// Receives until there is no more; the answer is what came instead of bytes.
    case drain(Int)
    case shutdown(Int, ShutdownDirection)
    case close(Int)
    case closeListener
    /// 1 if something that was sent was not read yet. How much memory that is differs.
    case unread(Int)
    /// 1 if there is input. A pending error is taken by it.
    case peek(Int)
    case readiness(Int)
}

/// Plays steps on one kind of sockets.
final class ScriptPlayer<Sockets: SocketCalls> {
    /// A received byte is not the one that was sent at its place.
    static var wrongBytes: Int { -100_000 }

    private struct End {
        let descriptor: Int32
        /// Both ends have the same.
        let connection: Int
        var isOpen = true
        var sentCount = 0
        var receivedCount = 0
    }

    private let sockets: Sockets
    private var kernel: Sockets.Answering { sockets.kernel }
    private var listener: Int32?
    private var ends: [End] = []
    /// Connections that were not accepted yet, in order.
    private var waiting: [Int] = []

    init(on sockets: Sockets) { self.sockets = sockets }

    func play(_ step: Step) -> Int {
        switch step {
        case .listen(let backlog):
            let result = sockets.listen(backlog: backlog)
            if result >= 0 { listener = result }
            return Int(min(result, 0))
        case .connect:
            let result = sockets.connect()
            guard result >= 0 else { return Int(result) }
            waiting.append(ends.count)
            ends.append(End(descriptor: result, connection: ends.count))
            return 0
        case .accept:
            let result = kernel.accept(listener!)
            guard result >= 0 else { return Int(result) }
            ends.append(End(descriptor: result, connection: waiting.removeFirst()))
            return 0
        case .send(let end, let count): return send(end, count)
        case .receive(let end, let count): return receive(end, count)
        case .fill(let end): return repeated { send(end, longestPiece) }
        case .drain(let end): return repeated { receive(end, longestPiece) }
        case .shutdown(let end, let direction):
            kernel.shutdown(ends[end].descriptor, direction)
            return 0
        case .close(let end):
            kernel.close(ends[end].descriptor)
            ends[end].isOpen = false
            return 0
        case .closeListener:
            kernel.close(listener!)
            listener = nil
            waiting = []
            return 0
        case .unread(let end): return min(Int(kernel.unreadBytes(ends[end].descriptor)), 1)
        case .peek(let end): return kernel.hasInput(ends[end].descriptor) ? 1 : 0
        case .readiness(let end): return Int(sockets.readiness(of: ends[end].descriptor))
        }
    }

    private func repeated(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result <= 0 { return result }
        }
    }

    // MARK: Bytes

    /// Where in the pattern a stream is after `count` bytes: each connection and direction begins elsewhere.
    private func phase(_ count: Int, from end: Int) -> Int {
        let connection = ends[end].connection
        return (count + 31 * connection + (connection == end ? 0 : 101)) % streamPeriod
    }

    private func send(_ end: Int, _ count: Int) -> Int {
        let start = phase(ends[end].sentCount, from: end)
        let result = unsafe streamPattern.withUnsafeBytes { pattern in
            unsafe kernel.send(ends[end].descriptor, UnsafeRawBufferPointer(rebasing: pattern[start..<(start + count)]))
        }
        if result > 0 { ends[end].sentCount += result }
        return result
    }

    private func receive(_ end: Int, _ count: Int) -> Int {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = unsafe bytes.withUnsafeMutableBytes { unsafe kernel.receive(ends[end].descriptor, $0) }
        guard result > 0 else { return result }
        // The sender is the other end of the connection: the one that connected, or the one that was accepted for it.
        let connection = ends[end].connection
        let sender = connection == end ? ends.lastIndex { $0.connection == connection }! : connection
        let start = phase(ends[end].receivedCount, from: sender)
        ends[end].receivedCount += result
        let isRight = unsafe streamPattern.withUnsafeBytes { unsafe memcmp($0.baseAddress! + start, bytes, result) == 0 }
        return isRight ? result : Self.wrongBytes
    }

    /// Closes what the script left open.
    func close() {
        for end in ends where end.isOpen { kernel.close(end.descriptor) }
        ends = []
        if let listener { kernel.close(listener) }
        listener = nil
    }
}

private let longestPiece = 4_096
private let streamPeriod = 251
/// What every stream is cut from: each byte tells its place within a period, which is a prime number.
private let streamPattern = (0..<(streamPeriod + longestPiece)).map { UInt8($0 % streamPeriod) }
