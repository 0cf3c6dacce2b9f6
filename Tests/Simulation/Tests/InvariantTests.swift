import Glibc
import RingIPCTesting
import Testing

@testable import RingIPC

/// An invariant that cannot fail proves nothing: each of them, broken on purpose.
@Suite struct InvariantTests {
    private static let name = Endpoint.path("/run/broken")

    /// Whether exactly this promise was broken.
    private func expect(
        _ invariant: Violation.Invariant, _ kernel: SimulatedKernel, _ detail: String, location: SourceLocation = #_sourceLocation
    ) {
        let broken = kernel.violations
        #expect(broken.contains { $0.invariant == invariant && $0.detail.contains(detail) }, "\(broken)", sourceLocation: location)
        #expect(broken.allSatisfy { $0.invariant == invariant }, "\(broken)", sourceLocation: location)
    }

    /// Descriptors of two ends and of the listener that brought them together.
    private func pair(_ kernel: SimulatedKernel) -> (client: Int32, server: Int32, listener: Int32) {
        let listener = kernel.listen(on: Self.name, backlog: 1)
        let client: Int32 = kernel.connect(to: Self.name)
        return (client, kernel.accept(listener), listener)
    }

    // MARK: descriptors

    @Test func `a second close is found`() {
        let kernel = SimulatedKernel(seed: 1)
        let (client, _, _) = pair(kernel)
        kernel.close(client)
        #expect(kernel.violations.isEmpty)
        kernel.close(client)
        expect(.descriptors, kernel, "close")
    }

    @Test func `a call on a closed descriptor is found`() {
        let kernel = SimulatedKernel(seed: 1)
        let (client, _, listener) = pair(kernel)
        kernel.close(client)
        kernel.shutdown(client, .both)
        expect(.descriptors, kernel, "shutdown")
        kernel.close(listener)
        #expect(kernel.accept(listener) == -EBADF)
        expect(.descriptors, kernel, "accept")
    }

    @Test func `a call on the wrong kind of descriptor is found`() {
        let kernel = SimulatedKernel(seed: 1)
        let (_, _, listener) = pair(kernel)
        _ = kernel.unreadBytes(listener)
        expect(.descriptors, kernel, "no connected socket")
    }

    @Test func `a close while an operation is under way is found`() {
        let kernel = SimulatedKernel(seed: 1)
        let (client, _, _) = pair(kernel)
        let ring = kernel.makeRing()
        #expect(kernel.push(ring, receive(on: client)))
        #expect(kernel.submit(ring) == 1)
        kernel.close(client)
        expect(.descriptors, kernel, "under way")
    }

    // MARK: buffers

    @Test func `a buffer that is provided twice is found`() {
        let kernel = SimulatedKernel(seed: 1)
        let ring = kernel.makeRing()
        #expect(kernel.registerBuffers(ring, count: 2) == 0)
        unsafe withMemory { memory in
            unsafe kernel.provide(ring, buffer: 1, memory)
            #expect(kernel.violations.isEmpty)
            unsafe kernel.provide(ring, buffer: 1, memory)
        }
        expect(.buffers, kernel, "twice")
    }

    @Test func `a buffer that does not exist is found`() {
        let kernel = SimulatedKernel(seed: 1)
        let ring = kernel.makeRing()
        #expect(kernel.registerBuffers(ring, count: 2) == 0)
        unsafe withMemory { unsafe kernel.provide(ring, buffer: 2, $0) }
        expect(.buffers, kernel, "buffer 2")
    }

    // MARK: sendMemory

    @Test func `memory that changes while the kernel sends it is found`() {
        let kernel = SimulatedKernel(seed: 1)
        kernel.limits.socketCapacity = 16
        let (client, server, _) = pair(kernel)
        let ring = kernel.makeRing()
        unsafe withMemory { memory in
            #expect(unsafe kernel.send(client, UnsafeRawBufferPointer(memory)) == 16)
            let request = unsafe UringRequest(
                kind: .send(UnsafeRawBufferPointer(memory)), descriptor: client, token: Token(.send, slot: 0, generation: 1))
            #expect(kernel.push(ring, request))
            #expect(kernel.submit(ring) == 1)
            unsafe memory[3] = 1
            unsafe withMemory { #expect(unsafe kernel.receive(server, $0) == 16) }
            _ = kernel.enter(ring, timeout: 0)
            #expect(kernel.readyCount(ring) == 1)
            kernel.advance(ring, by: 1)
        }
        expect(.sendMemory, kernel, "changed")
    }

    // MARK: operations

    private func receive(on descriptor: Int32) -> UringRequest {
        UringRequest(kind: .receivePooled(multishot: true), descriptor: descriptor, token: Token(.receive, slot: 0, generation: 1))
    }

    @Test func `a second receive on a connection is found`() {
        let kernel = SimulatedKernel(seed: 1)
        let (client, _, _) = pair(kernel)
        let ring = kernel.makeRing()
        for _ in 0..<2 { #expect(kernel.push(ring, receive(on: client))) }
        #expect(kernel.submit(ring) == 2)
        expect(.operations, kernel, "was begun while the one before it was under way")
    }

    @Test func `a ring that is closed with an operation under way is found`() {
        let kernel = SimulatedKernel(seed: 1)
        let (client, _, _) = pair(kernel)
        let ring = kernel.makeRing()
        #expect(kernel.push(ring, receive(on: client)))
        #expect(kernel.submit(ring) == 1)
        kernel.close(ring)
        expect(.operations, kernel, "a ring was closed")
    }

    @Test(arguments: [EpollOperation.add, .modify, .delete])
    func `a change to an epoll set that does not fit it is found`(_ operation: EpollOperation) {
        let kernel = SimulatedKernel(seed: 1)
        let (client, _, _) = pair(kernel)
        let epoll = kernel.makeEpoll()
        if operation == .add { #expect(kernel.control(epoll, .add, client, ReadyEvent.input, 1) == 0) }
        #expect(kernel.control(epoll, operation, client, ReadyEvent.input, 1) == (operation == .add ? -EEXIST : -ENOENT))
        expect(.operations, kernel, "epoll set")
    }

    // MARK: leaks

    @Test func `a descriptor that is open at the end is found`() {
        let kernel = SimulatedKernel(seed: 9)
        let (client, server, listener) = pair(kernel)
        kernel.close(client)
        kernel.close(listener)
        let failure = #expect(throws: SimulationFailure.self) { try kernel.finish() }
        expect(.leaks, kernel, "was not closed")
        #expect(failure?.seed == 9)
        #expect(kernel.violations.count == 1 && server > 0)
    }

    // MARK: loops

    private func endALoop(on backend: BackendChoice) throws -> SimulatedKernel {
        var configuration = Configuration()
        configuration.backend = backend
        let kernel = SimulatedKernel(seed: 1)
        let loop = try kernel.makeLoop(configuration)
        for number in 0...64 { try loop.listen(on: .path("/run/\(number)")) { _ in Silent() } }
        #expect(throws: SimulationFailure.self) { try kernel.run(steps: 100) }
        return kernel
    }

    @Test func `a loop that ends with an error is found`() throws {
        let kernel = try endALoop(on: .epoll)
        expect(.loops, kernel, "a loop ended")
    }

    @Test
    func `a loop on io_uring that ends with an error keeps its descriptors until nothing is under way on them`() throws {
        let kernel = try endALoop(on: .ioUring)
        expect(.loops, kernel, "a loop ended")
    }

    // MARK: What a user reports

    private final class Reporter: ConnectionHandler, Sendable {
        let kernel: SimulatedKernel
        let invariant: Violation.Invariant

        init(_ kernel: SimulatedKernel, _ invariant: Violation.Invariant) {
            self.kernel = kernel
            self.invariant = invariant
        }

        func opened(_ outbound: inout Outbound) { kernel.report(invariant, "by a handler") }
        func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {}
    }

    @Test(arguments: Violation.Invariant.allCases)
    func `what a handler reports ends the run, and is in its error`(_ invariant: Violation.Invariant) throws {
        let kernel = SimulatedKernel(seed: 5)
        let loop = try kernel.makeLoop()
        try loop.listen(on: Self.name) { _ in Silent() }
        loop.connect(to: Self.name, handler: Reporter(kernel, invariant))
        let failure = #expect(throws: SimulationFailure.self) { try kernel.run(steps: 1_000) }
        #expect(failure?.violations.map(\.invariant) == [invariant])
        #expect(failure.map { "\($0)" } == "seed 5: \(invariant.rawValue): by a handler")
        #expect(throws: SimulationFailure.self) { try kernel.finish() }
    }

    @Test func `steps that do not suffice are an error without a violation`() throws {
        let kernel = SimulatedKernel(seed: 5)
        let loop = try kernel.makeLoop()
        loop.post { $0.stop() }
        let failure = #expect(throws: SimulationFailure.self) { try kernel.run(steps: 0) { false } }
        #expect(failure.map { "\($0)" } == "seed 5: the steps did not suffice")
        try kernel.run(steps: 100)
        try kernel.finish()
    }

    private func withMemory(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { unsafe memory.deallocate() }
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe body(memory)
    }
}
