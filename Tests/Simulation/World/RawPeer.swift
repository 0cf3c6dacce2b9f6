import RingIPC
import RingIPCTesting

/// A peer without RingIPC: it writes what its role says, in pieces of any size, and reads when it likes.
final class RawPeer {
    enum Role: CaseIterable {
        /// Speaks the format, reads all answers, says goodbye.
        case honest
        /// Speaks the format, ends its direction without a goodbye, and reads on.
        case halfCloser
        /// Speaks the format and never reads.
        case neverReads
        /// Stops somewhere, and dies later.
        case dying
        /// Sends anything.
        case garbage
        /// Sends a frame that is longer than anybody takes.
        case tooLong
    }

    let role: Role
    let conversation: Conversation
    private let stream: ReferenceStream
    private let world: World
    private var script: ArraySlice<UInt8>
    private var peer: SimulatedPeer?
    private var answers: [UInt8] = []
    private var hasFinishedWriting = false
    private(set) var isOver = false

    init(_ role: Role, _ conversation: Conversation, _ world: World) {
        self.role = role
        self.conversation = conversation
        self.world = world
        stream = ReferenceStream(format: world.plan.format)
        script = []
        script = makeScript()[...]
    }

    private func makeScript() -> [UInt8] {
        var bytes = stream.hello
        for index in conversation.lengths.indices { bytes += stream.frame(conversation.payload(FrameName(origin: .client, index: index))) }
        switch role {
        case .honest, .neverReads: return bytes + stream.goodbye
        case .halfCloser: return bytes
        case .tooLong:
            return bytes + stream.frame([UInt8](repeating: 7, count: world.plan.longestFrame + world.random.number(1...2_000)))
        case .dying: return Array(bytes.prefix(world.random.number(0...bytes.count)))
        case .garbage:
            let place = world.random.number(0...bytes.count)
            let garbage = (0..<world.random.number(1...100)).map { _ in UInt8(world.random.number(0...255)) }
            return bytes.prefix(place) + garbage + bytes.dropFirst(place)
        }
    }

    var state: String {
        guard let peer else { return "not connected" }
        return "\(script.count) to write, \(answers.count) read, \(peer.readableCount) to read\(peer.isAtEnd ? ", at end" : "")"
    }

    /// Does something, or nothing. `isStorm` is false once everybody has to come to an end.
    func act(isStorm: Bool) {
        guard !isOver else { return }
        guard let peer else { return connect() }
        if world.random.chance(0.6) { write(to: peer) }
        if role != .neverReads, world.random.chance(0.6) { answers += peer.read(world.random.pick([1, 30, 5_000])) }
        if script.isEmpty { endWriting(peer) }
        let isDone = script.isEmpty && peer.isAtEnd && peer.readableCount == 0
        // Who does not end by itself is ended in the calm: its process dies.
        if isDone || !isStorm && role != .honest && role != .halfCloser && world.random.chance(0.1) { end(peer) }
    }

    private func connect() {
        peer = try? world.kernel.connect(to: conversation.isEndangered ? RunPlan.endangered : RunPlan.safe)
        guard peer != nil else { return }
        // What it is going to send is sent as far as the server can know.
        conversation.toServer.sent = conversation.lengths.indices.map { FrameName(origin: .client, index: $0) }
        if role != .honest, role != .halfCloser || stream.isNative { conversation.isSpoiled = true }
        conversation.isGarbled = role == .garbage || role == .tooLong
        if role == .neverReads { world.kernel.note(.neverReads) }
    }

    private func write(to peer: SimulatedPeer) {
        let piece = script.prefix(world.random.pick([1, 3, 40, 10_000]))
        guard !piece.isEmpty else { return }
        guard let count = peer.write(piece) else { return script = [] }
        script = script.dropFirst(count)
    }

    private func endWriting(_ peer: SimulatedPeer) {
        guard !hasFinishedWriting, role == .honest || role == .halfCloser else { return }
        hasFinishedWriting = true
        if role == .halfCloser { world.kernel.note(.halfClose) }
        peer.finishWriting()
    }

    private func end(_ peer: SimulatedPeer) {
        isOver = true
        peer.close()
        conversation.clientEnd = .finished
        checkAnswers()
    }

    /// The answers are the frames that the server sent, in order, from the first on; all of them if nothing went wrong.
    private func checkAnswers() {
        guard role == .honest || role == .halfCloser else { return }
        let (payloads, saidGoodbye) = stream.read(answers)
        for payload in payloads { conversation.delivered(payload, in: \.toClient) }
        guard !world.isExcused(conversation) else { return }
        if stream.isNative, !saidGoodbye {
            world.report(.ends, "\(conversation): the raw peer got no goodbye; \(state); \(conversation.ends)")
        }
    }
}
