internal import RingIPC
internal import Synchronization

/// What all connections of a server did together.
final class ServerTotals: Sendable {
    private let frameCount = Atomic<Int>(0)

    var frames: Int { frameCount.load(ordering: .relaxed) }

    /// Once for each batch, not for each frame.
    func add(frames: Int) { frameCount.add(frames, ordering: .relaxed) }
}

/// Answers each frame with itself. Frames for whose answer there is no room stay where they are, so that a client which does not
/// read costs no more than its queue; the loop offers them again.
struct EchoHandler: ConnectionHandler {
    let totals: ServerTotals
    /// What the longest frame takes on the wire.
    let longestAnswer: Int

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        var count = 0
        while reply.availableBytes >= longestAnswer, let frame = try frames.next() {
            if frame.isNull { try reply.sendNull() } else { try reply.send(frame.bytes) }
            count &+= 1
        }
        totals.add(frames: count)
    }
}

/// Takes whatever comes; only the framing is checked.
struct SinkHandler: ConnectionHandler {
    let totals: ServerTotals

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        var count = 0
        while try frames.next() != nil { count &+= 1 }
        totals.add(frames: count)
    }
}

/// Sends `count` messages as fast as the client takes them, then closes.
struct SourceHandler: ConnectionHandler {
    let totals: ServerTotals
    let size: Int
    let count: Int
    let encodedLength: Int
    private var next = 0
    private var isClosing = false

    init(totals: ServerTotals, options: ScenarioOptions) {
        self.totals = totals
        size = options.size
        count = options.count
        encodedLength = options.framing.format.encodedLength(ofPayload: options.size)
    }

    mutating func opened(_ outbound: inout Outbound) { fill(&outbound) }

    mutating func writable(_ outbound: inout Outbound) { fill(&outbound) }

    /// What the client says is read and ignored, so that it cannot block itself.
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        while try frames.next() != nil {}
    }

    /// Fills the queue to its limit and asks to be told when there is room again.
    private mutating func fill(_ outbound: inout Outbound) {
        guard !isClosing else { return }
        let first = next
        while next < count, outbound.availableBytes >= encodedLength {
            let sequence = UInt64(next)
            do {
                try outbound.send(reserving: size) { Content.write(sequence, to: &$0) }
            } catch {
                break
            }
            next += 1
        }
        totals.add(frames: next - first)
        if next == count {
            isClosing = true
            outbound.close()
        } else {
            outbound.notifyWhenWritable()
        }
    }
}
