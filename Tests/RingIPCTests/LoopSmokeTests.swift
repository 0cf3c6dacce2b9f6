import Foundation
import Testing
@testable import RingIPC

struct Echo: ConnectionHandler {
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() { try reply.send(frame.bytes) }
    }
    mutating func closed(_ reason: CloseReason) { if case .failed(let e) = reason { print("server side", e) } }
}

@Suite struct LoopSmokeTests {
    @Test(arguments: [BackendChoice.epoll, .ioUring]) func echo(_ backend: BackendChoice) async throws {
        let endpoint = Endpoint.abstract("loop-smoke-\(UUID())")
        var configuration = Configuration()
        configuration.backend = backend
        let loop = try EventLoop(configuration: configuration)
        try loop.listen(on: endpoint) { _ in Echo() }
        let done = DispatchSemaphore(value: 0)
        let t = Thread {
            do { try loop.run() } catch { print("loop", error) }
            done.signal()
        }
        t.start()
        for _ in 0..<3 {
            var c = try Connection(connectingTo: endpoint)
            for i in 0..<2000 {
                let n = i * 37
                try c.send(reserving: n) { m in for j in 0..<n { m.storeBytes(of: UInt8(truncatingIfNeeded: j &+ i), toByteOffset: j, as: UInt8.self) } }
                if i % 10 == 9 { for k in (i-9)...i { _ = try c.receive { f, _ in precondition(f.count == k * 37) } } }
            }
            let big = [UInt8](repeating: 7, count: 3_000_001)
            unsafe try c.send(big.span.bytes)
            let n = try c.receive { f, _ in f.count }
            #expect(n == 3_000_001)
            try c.close()
        }
        loop.post { print($0.statistics, $0.backend) }
        loop.stop()
        done.wait()
    }
}
