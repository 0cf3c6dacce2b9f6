import RingIPC
import RingIPCTesting
import Testing

/// The example of the article "Testing a service" does what it says.
@Suite struct ExampleTests {
    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `the example passes`(_ seed: UInt64) throws { try checkSums(seed: seed) }
}

private struct Sum: ConnectionHandler {
    private var sum: UInt8 = 0

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() {
            guard frame.count == 1 else { throw TransportError(.malformedFrame, during: .receive, detail: "a number is one byte") }
            unsafe sum &+= frame.bytes.unsafeLoad(as: UInt8.self)
            unsafe try reply.send([sum].span.bytes)
        }
    }
}

private final class Answers: @unchecked Sendable {
    var sums: [UInt8] = []
    var end: CloseReason?
}

private struct Adder: ConnectionHandler, Sendable {
    let answers: Answers
    let kernel: SimulatedKernel

    mutating func opened(_ outbound: inout Outbound) {
        for number in 1...3 as ClosedRange<UInt8> { unsafe try? outbound.send([number].span.bytes) }
    }

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while let frame = try frames.next() {
            let sum = unsafe frame.bytes.unsafeLoad(as: UInt8.self)
            if let last = answers.sums.last, sum < last { kernel.report(.delivery, "\(sum) came after \(last)") }
            answers.sums.append(sum)
        }
        if answers.sums.count == 3 { reply.close() }
    }

    mutating func closed(_ reason: CloseReason) { answers.end = reason }
}

private func checkSums(seed: UInt64) throws {
    let kernel = SimulatedKernel(seed: seed, faults: FaultPlan([.shortSend: 0.3, .shortReceive: 0.3, .interruptedCall: 0.1]))
    let server = try kernel.makeLoop()
    let client = try kernel.makeLoop()
    try server.listen(on: .path("/run/sum.sock")) { _ in Sum() }
    let answers = Answers()
    client.connect(to: .path("/run/sum.sock"), handler: Adder(answers: answers, kernel: kernel))

    try kernel.run(steps: 10_000) { answers.end != nil }
    if answers.sums != [1, 3, 6] { kernel.report(.delivery, "the sums are \(answers.sums)") }

    server.stop()
    client.stop()
    try kernel.run(steps: 10_000)
    try kernel.finish()
}
