import RingIPC
package import RingIPCTesting

/// One run: servers, clients and raw peers over a simulated kernel, all of it a function of the seed.
///
/// First a storm, in which faults happen; then calm weather, in which every connection that lives has to come to its end.
///
/// Sendable only because handlers are: a world belongs to one thread.
package final class World: @unchecked Sendable {
    package let seed: UInt64
    package let kernel: SimulatedKernel
    let plan: RunPlan
    /// For what people do; the kernel has its own.
    var random: SeededRandom
    private(set) var conversations: [Conversation] = []
    private var rawPeers: [RawPeer] = []
    private var servers: [EventLoop] = []
    private var clients: [EventLoop] = []
    private var unstarted: [Conversation] = []
    /// A connection at the server whose handler wants no input for a while.
    struct Resting: Hashable {
        let loop: ObjectIdentifier
        let connection: ConnectionID
    }
    var resting: Set<Resting> = []
    /// A connection was ended for want of memory.
    private var hasEndedForMemory = false

    package init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        plan = RunPlan(using: &random)
        kernel = SimulatedKernel(seed: random.next(), faults: plan.faults)
        kernel.limits = plan.limits
    }

    func note(_ end: CloseReason) {
        if case .failed(let error) = end, error.code == .memoryExhausted { hasEndedForMemory = true }
    }

    func report(_ invariant: Violation.Invariant, _ detail: String) { kernel.report(invariant, detail) }

    /// Turns that suffice for whatever is left, when nothing goes wrong any more.
    private static var calmSteps: Int { 400_000 }

    /// Runs the seed to its end.
    package func run() {
        do {
            try setUp()
            for _ in 0..<plan.stormSteps where kernel.violations.isEmpty { act(isStorm: true) }
            kernel.stopFaults()
            var steps = 0
            while kernel.violations.isEmpty, !isSettled {
                act(isStorm: false)
                steps += 1
                if steps > Self.calmSteps { report(.progress, "after \(steps) calm steps: \(unsettled)") }
            }
            guard kernel.violations.isEmpty else { return }
            conversations.forEach(check)
            for loop in servers + clients { loop.stop() }
            try kernel.run(steps: 10_000)
            rawPeers.removeAll()
            try kernel.finish()
        } catch let failure as SimulationFailure {
            if failure.violations.isEmpty { report(.progress, "loops that were stopped do not end") }
        } catch {
            report(.loops, "\(error)")
        }
    }

    private func setUp() throws {
        for _ in 0..<plan.serverLoops { servers.append(try kernel.makeLoop(plan.configuration(using: &random))) }
        for _ in 0..<plan.clientLoops { clients.append(try kernel.makeLoop(plan.configuration(using: &random))) }
        let group = EventLoopGroup(over: servers)
        for endpoint in [RunPlan.safe, RunPlan.endangered] { try group.listen(on: endpoint) { [self] _ in ServerHandler(self) } }
        for number in 0..<plan.conversations { unstarted.append(makeConversation(number)) }
        for number in 0..<plan.rawPeers {
            let conversation = makeConversation(Conversation.firstRawNumber + number)
            rawPeers.append(RawPeer(random.pick(RawPeer.Role.allCases), conversation, self))
        }
    }

    private func makeConversation(_ number: Int) -> Conversation {
        // Small sockets move little per turn.
        var budget = plan.limits.socketCapacity * 200
        var lengths = [Self.introductionLength]
        for _ in 0..<random.pick([0, 1, 5, 40]) {
            let length = random.pick([0, 1, 7, 8, 9, random.number(0...64), random.number(0...plan.longestFrame), plan.longestFrame])
            guard length <= plan.longestFrame, length < budget else { continue }
            budget -= length
            lengths.append(length)
        }
        let conversation = Conversation(
            number: number, isEndangered: random.chance(0.6), manner: random.chance(0.7) ? .patient : .hasty, lengths: lengths, world: self)
        conversations.append(conversation)
        return conversation
    }

    /// Somebody does something.
    private func act(isStorm: Bool) {
        let isEverythingBegun = unstarted.isEmpty && rawPeers.allSatisfy(\.isOver)
        let isQuiet = !kernel.step(within: .seconds(60))
        if !unstarted.isEmpty, isQuiet || random.chance(0.05) { start(unstarted.removeFirst()) }
        if isStorm, random.chance(0.02) { push() }
        for peer in rawPeers where isQuiet || random.chance(0.2) { peer.act(isStorm: isStorm) }
        if isQuiet, !isStorm, isEverythingBegun, !isSettled {
            report(.progress, "nothing moves any more: \(unsettled)")
        }
    }

    private func start(_ conversation: Conversation) {
        let endpoint = conversation.isEndangered ? RunPlan.endangered : RunPlan.safe
        clients[conversation.number % clients.count].connect(to: endpoint, handler: ClientHandler(conversation, self))
    }

    /// The server says something unasked, from outside of its handler.
    private func push() {
        // Between the pieces of an answer it would be a part of it.
        guard plan.format != .bytes else { return }
        let open = conversations.filter { $0.serverConnection != nil && !$0.isRaw && $0.manner == .patient && !$0.hasClientClosed }
        guard !open.isEmpty else { return }
        let conversation = random.pick(open)
        conversation.serverLoop?.post { loop in
            guard let connection = conversation.serverConnection, !conversation.hasClientClosed else { return }
            let name = FrameName(origin: .push, index: conversation.pushedCount)
            let bytes = conversation.payload(name)
            guard unsafe (try? loop.send(to: connection, bytes.span.bytes)) != nil else { return }
            conversation.pushedCount += 1
            conversation.toClient.sent.append(name)
        }
    }

    /// A connection that is over is not found any more, whoever has its place. Asked soon, and when the place may have been taken again.
    func sendToGone(_ connection: ConnectionID, of conversation: Conversation) {
        conversation.serverLoop?.post { [self] loop in
            for delay in [Duration.zero, .milliseconds(1), .milliseconds(60)] {
                loop.schedule(after: delay) { loop in
                    guard unsafe (try? loop.send(to: connection, [1, 2, 3].span.bytes)) != nil else { return }
                    self.report(.delivery, "\(conversation) is over at the server, and still took a frame")
                }
            }
        }
    }

    // MARK: The end

    private var isSettled: Bool {
        unstarted.isEmpty && rawPeers.allSatisfy(\.isOver) && conversations.allSatisfy(isOver)
            && kernel.openConnections == 0 && !kernel.hasWaitingClients
    }

    private func isOver(_ conversation: Conversation) -> Bool {
        conversation.clientEnd != nil && conversation.serverConnection == nil
    }

    private var unsettled: String {
        let roles = rawPeers.filter { !$0.isOver }.map { "raw \($0.conversation.number) \($0.role): \($0.state)" }
        let open = conversations.filter { !isOver($0) }.map { "\($0): \($0.progress); \($0.ends)" }
        return (roles + open + kernel.states).joined(separator: "\n  ")
    }

    /// Whether there is a reason why it may have come to nothing.
    func isExcused(_ conversation: Conversation) -> Bool {
        conversation.isEndangered || conversation.isSpoiled || plan.isMemoryTight && hasEndedForMemory
    }

    /// A connection that nobody and nothing had ended must have come through whole.
    private func check(_ conversation: Conversation) {
        guard !isExcused(conversation) else { return }
        if case .failed(let error)? = conversation.clientEnd { report(.isolation, "\(conversation) failed at the client: \(error)") }
        if !conversation.toServer.isComplete || conversation.toServer.sent.count != conversation.lengths.count {
            report(.isolation, "\(conversation): not all came to the server: \(conversation.progress); \(conversation.ends)")
        }
        guard conversation.manner == .patient || conversation.isRaw else { return }
        if case .failed(let error)? = conversation.serverEnd { report(.isolation, "\(conversation) failed at the server: \(error)") }
        if !conversation.toClient.isComplete {
            report(.isolation, "\(conversation): not all came to the client: \(conversation.progress); \(conversation.ends)")
        }
    }
}

// MARK: Frames

extension World {
    static let introductionLength = 16

    static func introduction(_ number: Int, seed: UInt64) -> [UInt8] {
        let words = [seed &* 0x9E37_79B9_7F4A_7C15 ^ 0xA5A5_5A5A_0F0F_F0F0, UInt64(number)]
        return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    func conversation(introducedBy bytes: [UInt8]) -> Conversation? {
        conversations.first { bytes == Self.introduction($0.number, seed: seed) }
    }

    func bytes(of frame: FrameView) -> [UInt8] { unsafe frame.bytes.withUnsafeBytes { unsafe Array($0) } }

    /// A message as a handler makes it; see `MessageCutter`.
    func sendMessage(_ bytes: [UInt8], to outbound: inout Outbound) throws(TransportError) {
        try send(plan.format == .bytes ? ReferenceStream(format: .bytes).frame(bytes) : bytes, to: &outbound)
    }

    func send(_ bytes: [UInt8], to outbound: inout Outbound) throws(TransportError) { unsafe try outbound.send(bytes.span.bytes) }
}
