import Exchange
import Foundation
import RingIPC
import Testing

extension InjectedTests {
    /// The last row of the table "what the survivor sees" in `Docs/Reliability.md`, which needs a whole program as the server.
    @Suite struct RestartTests {
        private static func attempt(_ body: () throws -> Void) -> TransportError.Code? {
            do { try body() } catch { return (error as? TransportError)?.code }
            return nil
        }

        @Test(arguments: Machine.backends, Machine.blockingChoices)
        func `row 13: the server is killed, and a restarted one serves the client under the same path`(
            _ server: BackendChoice, _ client: BackendChoice
        ) throws {
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("ringipc-injected-\(UUID())").path
            let endpoint = Endpoint.path(path)
            let configuration = Configuration.sleeping(on: client)
            let first = try Subject(.serve, server, on: endpoint)
            try first.start()
            var connection = try Connection(connectingTo: endpoint, configuration: configuration)
            #expect(try Exchange.run(over: &connection) == Exchange.frameCount)

            first.kill()
            #expect(Self.attempt { _ = try connection.receive { _, _ in } } == .peerClosedAbruptly)
            // The file is still there, and nobody behind it.
            #expect(FileManager.default.fileExists(atPath: path))
            #expect(Self.attempt { _ = try Connection(connectingTo: endpoint, configuration: configuration) } == .connectionRefused)

            let second = try Subject(.serve, server, on: endpoint)
            try second.start()
            try exchange(with: endpoint)
            #expect(try second.outcome().ends == ["finished"])
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}
