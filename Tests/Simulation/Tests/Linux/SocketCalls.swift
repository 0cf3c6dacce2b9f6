import Glibc
import RingIPCTesting

@testable import RingIPC

/// The calls that scripts are made of, answered by Linux or by the model: results as those of the system calls, errors as negated errno values.
protocol SocketCalls {
    associatedtype Answering: Kernel
    var kernel: Answering { get }
    /// At most one socket listens at a time; to connect goes to the last one.
    func listen(backlog: Int32) -> Int32
    func connect() -> Int32
    /// What epoll would say: input, output, error and hang-up.
    func readiness(of descriptor: Int32) -> UInt32
}

final class LinuxSockets: SocketCalls {
    let kernel = LinuxKernel()
    private let prefix: String
    /// A name of its own for each listener: whoever looks at this process's descriptors under /proc keeps one that was just closed for a moment, and
    /// with it its name.
    private var listenerCount = 0
    private var name: String { "\(prefix)-\(listenerCount)" }

    init(name: String) { prefix = "ringipc-\(getpid())-\(name)" }

    func listen(backlog: Int32) -> Int32 {
        listenerCount += 1
        let descriptor = makeSocket()
        let result = unsafe withAddress { unsafe bind(descriptor, $0, $1) }
        guard result == 0, Glibc.listen(descriptor, backlog) == 0 else { return failure(of: descriptor) }
        return descriptor
    }

    func connect() -> Int32 {
        let descriptor = makeSocket()
        guard unsafe withAddress({ unsafe Glibc.connect(descriptor, $0, $1) }) == 0 else { return failure(of: descriptor) }
        return descriptor
    }

    func readiness(of descriptor: Int32) -> UInt32 {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN | POLLOUT), revents: 0)
        precondition(unsafe poll(&watched, 1, 0) >= 0)
        return UInt32(watched.revents)
    }

    private func makeSocket() -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        precondition(descriptor >= 0, "no socket: errno \(errno)")
        // Small, and yet so large that a dozen little sends are not a quarter of it, with what the kernel adds to each.
        var size: Int32 = 65_536
        precondition(unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size)) == 0)
        return descriptor
    }

    private func failure(of descriptor: Int32) -> Int32 {
        let number = errno
        _ = close(descriptor)
        return -number
    }

    /// An abstract name: nothing is left behind.
    private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = [0] + Array(name.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count
        return unsafe withUnsafePointer(to: &address) { place in
            unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(length)) }
        }
    }
}

struct SimulatedSockets: SocketCalls {
    let model: SimulatedKernel
    var kernel: DoubledKernel { DoubledKernel(standIn: model) }
    private let endpoint = Endpoint.abstract("script")

    init(seed: UInt64) { model = SimulatedKernel(seed: seed) }

    func listen(backlog: Int32) -> Int32 { model.listen(on: endpoint, backlog: backlog) }
    func connect() -> Int32 { model.connect(to: endpoint) }

    func readiness(of descriptor: Int32) -> UInt32 {
        let epoll = model.makeEpoll()
        defer { model.close(epoll) }
        precondition(model.control(epoll, .add, descriptor, ReadyEvent.input | ReadyEvent.output, 0) == 0)
        guard case .success(let ready) = model.wait(epoll, capacity: 1, timeout: 0) else { return 0 }
        return ready.first?.events ?? 0
    }
}
