import RingIPC
import Testing

@testable import ringipc_bench

@Suite struct SoakFrameTests {
    private static func frame(_ identity: UInt64, _ sequence: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: SoakFrame.size(identity: identity, sequence: sequence))
        var span = bytes.mutableSpan
        var memory = unsafe span.mutableBytes
        SoakFrame.write(identity: identity, sequence: sequence, to: &memory)
        return bytes
    }

    private static func check(_ bytes: [UInt8], with verifier: inout SoakVerifier) throws { try unsafe verifier.check(bytes.span.bytes) }

    @Test func `sizes reach from 0 bytes to 1 MiB`() {
        let sizes = (0..<2_000).map { SoakFrame.size(identity: 3, sequence: $0) }
        #expect(sizes[0] >= SoakFrame.headerLength)
        #expect(sizes.contains(0))
        #expect(sizes.contains(SoakFrame.longest))
        #expect(sizes.allSatisfy { $0 == 0 || (SoakFrame.headerLength...SoakFrame.longest).contains($0) })
    }

    @Test func `a stream as it was sent is accepted`() throws {
        var verifier = SoakVerifier()
        for sequence in 0..<200 { try Self.check(Self.frame(5, UInt64(sequence)), with: &verifier) }
        #expect(verifier.identity == 5)
        #expect(verifier.count == 200)
    }

    enum Damage: CaseIterable { case lost, repeated, foreign, cut, flipped, lostEmpty }

    @Test(arguments: Damage.allCases)
    func `anything else is found`(damage: Damage) throws {
        // A place where the frame and its neighbours have a header, or, for the last case, are empty.
        let isWanted: (UInt64) -> Bool = { sequence in
            (sequence - 1...sequence + 1).allSatisfy { SoakFrame.size(identity: 5, sequence: $0) > 16 }
        }
        let isEmpty: (UInt64) -> Bool = {
            SoakFrame.size(identity: 5, sequence: $0) == 0 && SoakFrame.size(identity: 5, sequence: $0 + 1) != 0
        }
        let place = try #require((1...10_000).first(where: damage == .lostEmpty ? isEmpty : isWanted))
        var wrong: [UInt8]
        switch damage {
        case .lost, .lostEmpty: wrong = Self.frame(5, place + 1)
        case .repeated: wrong = Self.frame(5, place - 1)
        case .foreign: wrong = Self.frame(6, place)
        case .cut: wrong = Self.frame(5, place).dropLast()
        case .flipped:
            wrong = Self.frame(5, place)
            wrong[wrong.count - 1] ^= 1
        }
        var verifier = SoakVerifier()
        for sequence in 0..<place { try Self.check(Self.frame(5, sequence), with: &verifier) }
        #expect(throws: BenchmarkFailure.self) { try Self.check(wrong, with: &verifier) }
    }
}

@Suite struct LedgerTests {
    private static let own = SoakIdentity.make(process: 2, connection: 9)

    private static func audit(
        _ server: (UInt64, String)?, _ client: (UInt64, UInt64, String)?, killedClients: Set<UInt64> = [], serverKills: Int = 0
    ) -> LedgerAudit {
        var lines: [LedgerLine] = []
        if let server { lines.append(LedgerLine(side: .server, identity: own, frames: server.0, echoes: server.0, reason: server.1)) }
        if let client { lines.append(LedgerLine(side: .client, identity: own, frames: client.0, echoes: client.1, reason: client.2)) }
        return LedgerAudit(lines, killedClients: killedClients, serverKills: serverKills)
    }

    @Test func `a line is read as it was written`() throws {
        let line = LedgerLine(side: .client, identity: Self.own, frames: 7, echoes: 5, reason: "connectionReset")
        #expect(try LedgerLine(parsing: line.text[...]) == line)
        #expect(throws: BenchmarkFailure.self) { try LedgerLine(parsing: "client 1 2 3") }
    }

    @Test func `what fits is settled or cut`() {
        let settled = Self.audit((7, "finished"), (7, 7, "finished"))
        #expect(settled.violations.isEmpty && settled.totals.settled == 1 && settled.totals.framesSettled == 7)
        let byClient = Self.audit((7, "truncatedFrame"), nil, killedClients: [2])
        #expect(byClient.violations.isEmpty && byClient.totals.cutByClient == 1)
        let byServer = Self.audit(nil, (7, 5, "connectionReset"), serverKills: 1)
        #expect(byServer.violations.isEmpty && byServer.totals.cutByServer == 1 && byServer.totals.framesUpToDeath == 5)
    }

    @Test func `what does not fit is a violation`() {
        let wrong = [
            // A frame that got lost, one that was answered twice, and one that the server made up.
            Self.audit((6, "finished"), (7, 7, "finished")), Self.audit((7, "finished"), (7, 8, "finished")),
            Self.audit((8, "finished"), (7, 7, "finished")),
            // Ends that nobody was killed for.
            Self.audit((7, "truncatedFrame"), nil), Self.audit(nil, (7, 5, "connectionReset")), Self.audit(nil, (7, 7, "finished")),
            Self.audit((7, "truncatedFrame"), nil, killedClients: [3]), Self.audit((7, "timedOut"), nil, killedClients: [2]),
            Self.audit((7, "peerClosedAbruptly"), (7, 7, "finished")),
            Self.audit((5, "memoryExhausted"), (7, 5, "truncatedFrame"), serverKills: 1),
        ]
        for audit in wrong { #expect(audit.violations.count == 1) }
    }
}

@Suite struct FlatnessTests {
    @Test func `what is level is flat, what rises is not`() {
        let level = Flatness((0..<100).map { Double(1000 + $0 % 7) })
        #expect(level.isFlat(share: 0.05, slack: 0))
        #expect(abs(level.slope) < 0.1)
        let rising = Flatness((0..<100).map { Double(1000 + 5 * $0) })
        #expect(!rising.isFlat(share: 0.05, slack: 0))
        #expect(abs(rising.slope - 5) < 1e-9)
    }
}

@Suite struct ShortSoakTests {
    /// Nothing about memory: that needs longer than a test may take.
    @Test(arguments: Backends.survey().filter(\.isAvailable).map { MeasuredBackend($0.backend) })
    func `with clients and servers killed, every frame is accounted for`(backend: MeasuredBackend) throws {
        let folder = Tool.path.split(separator: "/").dropLast().joined(separator: "/")
        // In one output, so that a failure tells what the soak said last.
        let soak = try ChildProcess(
            "/bin/sh",
            [
                "-c", "exec \"$0\" \"$@\" 2>&1", "/\(folder)/ringipc-bench", "soak", "run", "--seconds", "4", "--seed", "20261124", "--backend",
                backend.rawValue,
            ])
        let report = try soak.finish(within: 300)
        #expect(report.contains("| violations"))
    }
}
