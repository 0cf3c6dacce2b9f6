import RingIPC
import RingIPCTesting
import Testing

/// How a connect fails in the simulation: as it does on Linux.
@Suite struct ConnectTests {
    private func code(_ endpoint: Endpoint, _ kernel: SimulatedKernel) -> TransportError.Code? {
        do {
            let _: SimulatedPeer = try kernel.connect(to: endpoint)
            return nil
        } catch { return error.code }
    }

    @Test func `a path where nobody listens is not found, an abstract name refuses`() throws {
        let kernel = SimulatedKernel(seed: 1)
        #expect(code(.path("/run/nobody"), kernel) == .notFound)
        #expect(code(.abstract("nobody"), kernel) == .connectionRefused)
    }

    @Test func `a full listen queue is a timeout`() throws {
        let kernel = SimulatedKernel(seed: 1)
        var configuration = Configuration()
        configuration.listenBacklog = 0
        let loop = try kernel.makeLoop(configuration)
        try loop.listen(on: EchoScene.endpoint) { _ in Silent() }
        let first: SimulatedPeer = try kernel.connect(to: EchoScene.endpoint)
        #expect(code(EchoScene.endpoint, kernel) == .timedOut)
        first.close()
        loop.stop()
        try kernel.run(steps: 100)
        try kernel.finish()
    }
}
