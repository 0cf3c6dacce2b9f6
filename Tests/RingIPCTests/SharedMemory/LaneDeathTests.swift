import Foundation
import Glibc
import Testing

@testable import RingIPC

/// What the survivor sees when the peer dies at a step of the lane: the table "What the survivor sees" in `Docs/SharedMemory.md`, cell by cell.
@Suite struct LaneDeathTests {
    /// A row: the steps that the peer takes before it is killed.
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let steps: [String]
        var testDescription: String { name }

        init(_ name: String, _ steps: String...) {
            self.name = name
            self.steps = steps.flatMap { $0.split(separator: " ").map(String.init) }
        }

        private static let agreed = "meet hello learn-accepted accept follow"
        private static let switched = agreed + " switch"
        private static let spoken = switched + " until-asleep write:10 publish"

        static let all = [
            Row("before its hello", "meet"),
            Row("after a hello without its segment", "meet bare-hello learn-refused"),
            Row("after a hello with an unsealed segment", "meet unsealed-hello learn-refused"),
            Row("after its hello, and has not read our answer", "meet hello until-answered"),
            Row("after our answer", "meet hello learn-accepted"),
            Row("after its answer, and has not read our switch", "meet hello learn-accepted accept"),
            Row("after our switch", agreed),
            Row("after its switch", switched),
            Row("with a frame written and not published", switched, "write:10"),
            Row("with a frame published, and no doorbell rung", spoken),
            Row("with a frame published and the doorbell rung", spoken, "ring"),
            Row("between the pieces of a long frame", switched, "write:10 piece:100000 publish ring"),
            Row("after it has announced its sleep", spoken, "sleep ring"),
            Row("with our frame read and not given back", spoken, "ring take"),
            Row("with our frame read and given back", spoken, "ring take give-back"),
            Row("while it waits for room", spoken, "sleep-for-room ring"),
            Row("after its goodbye", spoken, "goodbye publish ring"),
            Row("with a pool of loans passed", switched, "until-asleep pool"),
            Row("with a loan written and not published", switched, "pool lend:10"),
            Row("with a loan published", switched, "until-asleep pool lend:10 publish ring"),
            Row("with its loan given back", switched, "pool lend:10 publish ring until-returned"),
            Row("after the end of its pool", switched, "pool lend:10 publish ring until-returned end-pool publish ring"),
            Row("while we wait for room in the full ring", switched, "until-full:1000 until-it-waits-for-room"),
        ]
    }

    /// A column: what the survivor is doing.
    enum Survivor: Sendable, CustomTestStringConvertible {
        case receives(LaneEnd)
        case sends(WaitStrategy)
        case flushes, closes

        static let all = LaneEnd.all.map { Survivor.receives($0) } + [.sends(.block), .sends(.spin), .flushes, .closes]

        var column: String {
            switch self {
            case .receives: "receives"
            case .sends: "sends"
            case .flushes: "flushes"
            case .closes: "closes"
            }
        }

        var testDescription: String {
            switch self {
            case .receives(let end): "receives, \(end.testDescription)"
            case .sends(let wait): "sends, \(wait)"
            case .flushes, .closes: column
            }
        }

        /// A step that waits for a sleep is left out where nobody sleeps, or sleeps for something else.
        func steps(of row: Row) -> [String] {
            row.steps.filter { step in
                switch (step, self) {
                case ("until-asleep", .receives(.blocking(.spin, copies: _))), ("until-asleep", .sends), ("until-asleep", .flushes),
                    ("until-asleep", .closes):
                    false
                case ("until-it-waits-for-room", .sends(.spin)): false
                // Who closes may never have read the hello.
                case ("until-answered", .sends), ("until-answered", .flushes), ("until-answered", .closes): false
                case ("until-returned", .sends), ("until-returned", .flushes), ("until-returned", .closes): false
                default: true
                }
            } + ["die"]
        }
    }

    @Test(arguments: Survivor.all, Row.all)
    func `as the table says, and nothing is left`(_ survivor: Survivor, _ row: Row) throws {
        let cell = try #require(Self.table[row.name]?[survivor.column])
        guard cell != "—" else { return }
        let peer = try LanePeer(survivor.steps(of: row))
        let descriptor = peer.descriptor
        let seen =
            if case .receives(let end) = survivor {
                Self.cell(try end.receiving(at: descriptor, answers: true).value())
            } else {
                try Background { try Self.seen(by: survivor, at: descriptor) }.value()
            }
        #expect(seen == cell)
        for file in try peer.files() { #expect(file.remains() == nil) }
    }

    /// The last row, for a loop: its answers do not fit the ring.
    @Test(arguments: LoopSetup.backends)
    func `a loop that waits for room hears of the death`(_ setup: LoopSetup) throws {
        let steps = "meet hello learn-accepted accept follow switch write:10 publish ring until-full:1000 until-it-waits-for-room die"
        let peer = try LanePeer(steps.split(separator: " ").map(String.init))
        let journal = Journal()
        let server = try RunningLoop(setup) { $0.sharedMemory = LaneSurvivor.configuration().sharedMemory }
        server.loop.connect(
            to: .descriptor(peer.descriptor),
            handler: Scripted(
                journal: journal,
                onReceived: { frames, reply in
                    while try frames.next() != nil { for index in 0..<8 { try reply.sendPattern(1_000, seed: index) } }
                }))
        #expect(try journal.closed().code == .connectionReset)
        try server.stop()
        for file in try peer.files() { #expect(file.remains() == nil) }
    }

    // MARK: What the survivor does

    private static func seen(by survivor: Survivor, at descriptor: Int32) throws -> String {
        let wait = if case .sends(let wait) = survivor { wait } else { WaitStrategy.block }
        var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: LaneSurvivor.configuration(wait))
        switch survivor {
        case .receives, .sends:
            while true { if let code = sent(1, by: &connection) { return "`\(code)`" } }
        case .flushes:
            try driveUntilHangup(&connection)
            return sent(8, by: &connection).map { "`\($0)`" } ?? "nothing"
        case .closes:
            try driveUntilHangup(&connection)
            do throws(TransportError) { try connection.close() } catch { return "`\(error.code)`" }
            return inOrder
        }
    }

    private static let inOrder = "an end in order"

    /// In the words of the table. The peer says one frame at most.
    private static func cell(_ outcome: LaneOutcome) -> String {
        let end = outcome.error.map { "`\($0.code)`" } ?? inOrder
        if outcome.frames.isEmpty { return end }
        return outcome.frames == [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]] ? "1 frame, then \(end)" : "\(outcome)"
    }

    /// Sends and flushes frames of 1,000 bytes; what it was refused with.
    private static func sent(_ count: Int, by connection: inout Connection) -> TransportError.Code? {
        do {
            for index in 0..<count { try connection.sendPattern(1_000, seed: index) }
            try connection.flush(within: safetyNet)
        } catch { return (error as? TransportError)?.code }
        return nil
    }

    /// Lets the set-up go on, and sends a frame by the lane, until the peer is dead.
    private static func driveUntilHangup(_ connection: inout Connection) throws {
        var hasSent = false
        let limit = ContinuousClock.now + safetyNet
        while connection.peerState != .closed {
            if ContinuousClock.now > limit { throw TookTooLong(what: "the end of the peer") }
            // It may have died in the meantime.
            try? connection.flush(within: .zero)
            guard !hasSent, connection.lane.sending == .sharedMemory else { continue }
            try connection.sendPattern(10, seed: 0)
            hasSent = true
        }
    }

    // MARK: The document

    /// The cells by the names of row and column.
    private static let table: [String: [String: String]] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
        guard let text = try? String(contentsOf: root.appendingPathComponent("Docs/SharedMemory.md"), encoding: .utf8),
            let section = text.components(separatedBy: "## What the survivor sees").dropFirst().first
        else { return [:] }
        let lines = section.split(separator: "\n").drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        let cells = lines.map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        guard let head = cells.first else { return [:] }
        return Dictionary(uniqueKeysWithValues: cells.dropFirst(2).map { ($0[0], Dictionary(uniqueKeysWithValues: zip(head, $0))) })
    }()

    @Test func `the table has the rows that are tried, in their order`() {
        #expect(Set(Self.table.keys) == Set(Row.all.map(\.name)))
    }
}
