import Foundation
import Glibc
import Synchronization

@testable import RingIPC

func compareMemory(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    unsafe memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
}

/// A peer without this library: it can do what no well-behaved program does.
final class RawPeer: Sendable {
    let descriptor: Int32

    init(owning descriptor: Int32) {
        self.descriptor = descriptor
        // A safety net: no call waits for ever.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    /// - Parameter sendBuffer: `SO_SNDBUF`; the kernel has a floor of about 4.5 kilobytes.
    init(connectedTo endpoint: Endpoint, sendBuffer: Int32? = nil) throws {
        descriptor = try Socket.connect(to: endpoint, timeout: .seconds(10)).release()
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        if let sendBuffer { setBuffer(SO_SNDBUF, sendBuffer, of: descriptor) }
    }

    /// A connected pair: the raw end, and the descriptor of the other one, for `Endpoint.descriptor`.
    static func pair() -> (RawPeer, Int32) {
        var descriptors: [Int32] = [-1, -1]
        precondition(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &descriptors) == 0)
        return (RawPeer(owning: descriptors[0]), descriptors[1])
    }

    deinit { if !closed.isClosed { _ = Glibc.close(descriptor) } }

    private let closed = ClosedFlag()

    /// Closes the socket at once. With unread input the kernel turns this into a reset.
    func close() {
        guard !closed.isClosed else { return }
        closed.set()
        _ = Glibc.close(descriptor)
    }

    struct Failed: Error { let call: String; let number: Int32 }

    /// Sends all of it.
    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(descriptor, buffer.baseAddress! + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            if result < 0 && errno == EINTR { continue }
            guard result > 0 else { throw Failed(call: "send", number: errno) }
            sent += result
        }
    }

    /// Sends until the socket is full. Returns how much it took.
    func writeUntilFull(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(
                    descriptor, buffer.baseAddress! + sent, buffer.count - sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if result <= 0 { break }
            sent += result
        }
        return sent
    }

    /// Up to `count` bytes; empty at the end of the stream.
    func readSome(_ count: Int) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        while true {
            let result = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress!, $0.count, 0) }
            if result < 0 && errno == EINTR { continue }
            guard result >= 0 else { throw Failed(call: "recv", number: errno) }
            return Array(buffer.prefix(result))
        }
    }

    func read(exactly count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let some = try readSome(count - all.count)
            guard !some.isEmpty else { throw Failed(call: "end of stream after \(all.count) of \(count)", number: 0) }
            all += some
        }
        return all
    }

    /// Everything up to the end of the stream.
    func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let some = try readSome(64 << 10)
            if some.isEmpty { return all }
            all += some
        }
    }

    /// Ends our direction.
    func finishWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Whether the peer has taken everything that was written so far.
    var isTaken: Bool {
        var count: Int32 = 0
        // SIOCOUTQ
        precondition(unsafe ioctl(descriptor, UInt(0x5411), &count) == 0)
        return count == 0
    }

    /// Writes, and waits until the peer has taken it, so that it arrives on its own.
    func writeAlone(_ bytes: [UInt8]) throws {
        try write(bytes)
        let limit = ContinuousClock.now + safetyNet
        while !isTaken {
            if ContinuousClock.now > limit { throw TookTooLong(what: "a read by the peer") }
            sched_yield()
        }
    }
}

private final class ClosedFlag: Sendable {
    private let flag = Mutex(false)
    var isClosed: Bool { flag.withLock { $0 } }
    func set() { flag.withLock { $0 = true } }
}

func setBuffer(_ option: Int32, _ size: Int32, of descriptor: Int32) {
    var size = size
    precondition(unsafe setsockopt(descriptor, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size)) == 0)
}
