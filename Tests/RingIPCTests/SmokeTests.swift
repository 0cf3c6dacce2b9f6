import Foundation
import Testing
import RingIPC

@Suite struct SmokeTests {
    @Test(arguments: [BackendChoice.automatic, .epoll, .ioUring]) func echo(_ backend: BackendChoice) async throws {
        let endpoint = Endpoint.abstract("smoke-\(UUID())")
        var configuration = Configuration()
        configuration.backend = backend
        var listener = try Listener(endpoint, configuration: configuration)
        let configurationCopy = configuration
        let client = Thread {
            do {
                var c = try Connection(connectingTo: endpoint, configuration: configurationCopy)
                for i in 0..<900 {
                    let n = i * 37
                    try c.send(reserving: n) { m in for j in 0..<n { m.storeBytes(of: UInt8(truncatingIfNeeded: j &+ i), toByteOffset: j, as: UInt8.self) } }
                    _ = try c.receive { f, _ in precondition(f.count == n) }
                }
                let big = [UInt8](repeating: 7, count: 3_000_001)
                unsafe try c.send(big.span.bytes)
                var total = 0
                while let n = try c.receive({ f, _ in f.count }) { total += n; if n == 3_000_001 { break } }
                print("client total", total, c.statistics)
                try c.close()
            } catch { print("client", error) }
        }
        client.start()
        var server = try listener.accept()
        while let _ = try server.receive({ frame, reply in try reply.send(frame.bytes) }) {}
        print(server.statistics)
        try server.close()
    }
}
