import Testing

@testable import RingIPC

/// What the program at the honest end of a lane did, and how that ended.
struct LaneOutcome: Sendable {
    var frames: [[UInt8]] = []
    /// `nil` is an end in order.
    var error: TransportError?
    var lane = LaneReport(sending: .socket, receiving: .socket, reason: "")
    var statistics = Statistics()
}

/// The ways in which an honest end can be served.
enum LaneEnd: Sendable, CustomTestStringConvertible {
    case blocking(WaitStrategy, copies: Bool)
    case loop(LoopSetup, copies: Bool)

    static let all =
        [LaneEnd.blocking(.block, copies: false), .blocking(.block, copies: true), .blocking(.spin, copies: false)]
        + LoopSetup.backends.flatMap { [LaneEnd.loop($0, copies: false), .loop($0, copies: true)] }

    var testDescription: String {
        switch self {
        case .blocking(let wait, let copies): "a blocking connection, \(wait)\(copies ? ", copying" : "")"
        case .loop(let setup, let copies): "a loop on \(setup.rawValue)\(copies ? ", copying" : "")"
        }
    }

    /// The words of an error are those of a blocking connection.
    var isBlocking: Bool {
        if case .blocking = self { true } else { false }
    }

    func receiving(at descriptor: Int32, answers: Bool = false) -> Background<LaneOutcome> {
        switch self {
        case .blocking(let wait, let copies):
            LaneSurvivor.receiving(LaneSurvivor.configuration(wait, copies: copies), at: descriptor, answers: answers)
        case .loop(let setup, let copies): LaneSurvivor.receiving(on: setup, copies: copies, at: descriptor, answers: answers)
        }
    }
}

/// A blocking connection on a thread of its own, whose peer is played by the test.
enum LaneSurvivor {
    static func configuration(
        _ wait: WaitStrategy = .block, copies: Bool = false, _ change: (inout Configuration) -> Void = { _ in }
    ) -> Configuration {
        .with {
            $0.wait = wait
            $0.sharedMemory = .with {
                $0.ringSize = RawLane.ringSize
                $0.copiesAllFrames = copies
            }
            change(&$0)
        }
    }

    /// Receives to the end. If it `answers`, then each frame with itself, and an end in order with a close.
    static func receiving(_ configuration: Configuration, at descriptor: Int32, answers: Bool = false) -> Background<LaneOutcome> {
        Background {
            var outcome = LaneOutcome()
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)
            do {
                while let frame = try connection.receive(
                    within: safetyNet,
                    { frame, reply in
                        if answers { try reply.send(frame.bytes) }
                        return array(frame.bytes)
                    })
                { outcome.frames.append(frame) }
            } catch let error as TransportError { outcome.error = error }
            (outcome.lane, outcome.statistics) = (connection.lane, connection.statistics)
            guard answers, outcome.error == nil else { return outcome }
            do throws(TransportError) { try connection.close() } catch { outcome.error = error }
            return outcome
        }
    }

    /// The same by a connection of a loop; of its lane it says nothing.
    static func receiving(on loop: LoopSetup, copies: Bool, at descriptor: Int32, answers: Bool = false) -> Background<LaneOutcome> {
        Background {
            let journal = Journal()
            let server = try RunningLoop(loop) { $0.sharedMemory = configuration(copies: copies).sharedMemory }
            server.loop.connect(
                to: .descriptor(descriptor),
                handler: Scripted(
                    journal: journal,
                    onReceived: { frames, reply in
                        while let frame = try frames.next() {
                            if answers { try reply.send(frame.bytes) }
                            let copy = bytes(of: frame)
                            journal.note { $0.frames.append(copy) }
                        }
                    }))
            let error = try journal.closed().error
            try server.stop()
            return LaneOutcome(frames: journal.now.frames, error: error)
        }
    }

    /// Sends frames of 1,000 bytes, each at once, until it is refused.
    static func sending(_ configuration: Configuration, at descriptor: Int32) -> Background<LaneOutcome> {
        Background {
            var outcome = LaneOutcome()
            var connection = try Connection(connectingTo: .descriptor(descriptor), configuration: configuration)
            do {
                while true {
                    try connection.sendPattern(1_000, seed: 0)
                    try connection.flush(within: safetyNet)
                }
            } catch let error as TransportError { outcome.error = error }
            (outcome.lane, outcome.statistics) = (connection.lane, connection.statistics)
            return outcome
        }
    }
}
