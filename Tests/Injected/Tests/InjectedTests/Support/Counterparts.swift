import Exchange
import Foundation
import Glibc
import RingIPC
import Synchronization
import Testing

/// A closure on a thread of its own, and what came of it.
final class Background<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Value) {
        Thread { [self] in
            let outcome = Result(catching: body)
            result.withLock { $0 = outcome }
            ended.signal()
        }.start()
    }

    /// Waits for the thread. Can be called once.
    func value() throws -> Value {
        guard ended.wait(timeout: .now() + .seconds(40)) == .success else { throw Subject.Ended(description: "a thread did not end") }
        return try result.withLock { $0 }!.get()
    }
}

/// A whole session of a client that nothing is injected into: all frames come back as they were sent.
func exchange(with endpoint: Endpoint, _ location: SourceLocation = #_sourceLocation) throws {
    var connection = try Connection(connectingTo: endpoint)
    let count = try Exchange.run(over: &connection)
    try connection.close()
    #expect(count == Exchange.frameCount, sourceLocation: location)
}

/// Runs `body` beside an echo server that nothing is injected into.
func withEchoServer<R>(_ body: (Endpoint) throws -> R) throws -> R {
    let endpoint = uniqueEndpoint()
    let loop = try EventLoop()
    try loop.listen(on: endpoint) { _ in Echo() }
    let thread = Background { try loop.run() }
    let result = Result { try body(endpoint) }
    loop.stop()
    try thread.value()
    return try result.get()
}

enum Machine {
    static let hasUring = Backends.survey().contains { $0.backend == .ioUring && $0.isAvailable }
    /// Each backend by its name.
    static let backends: [BackendChoice] = hasUring ? [.epoll, .ioUring] : [.epoll]
    /// How a blocking connection can wait here.
    static let blockingChoices: [BackendChoice] = [.automatic] + backends
}

/// A connected socket without a connection around it: `Connection` cannot be kept in an array.
func connectedDescriptor(to endpoint: Endpoint) throws -> Int32 {
    guard case .abstract(let name) = endpoint else { throw Subject.Ended(description: "not an abstract name") }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
        unsafe UnsafeMutableRawBufferPointer(rebasing: field.dropFirst()).copyBytes(from: name.utf8)
    }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
    let result = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(descriptor, $0, length) }
    }
    guard result == 0 else {
        close(descriptor)
        throw Subject.Ended(description: "connect: errno \(errno)")
    }
    return descriptor
}
