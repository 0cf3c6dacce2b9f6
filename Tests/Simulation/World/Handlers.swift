import RingIPC
import RingIPCTesting

struct Thrown: Error {}

/// Looks after its end of a connection: every frame checked, nothing called after the end.
struct ClientHandler: ConnectionHandler, Sendable {
    let conversation: Conversation
    let world: World
    private var nextFrame = 0
    private var cutter: MessageCutter

    init(_ conversation: Conversation, _ world: World) {
        self.conversation = conversation
        self.world = world
        cutter = MessageCutter(world.plan.format)
    }

    private func requireOpen(_ call: String) {
        if conversation.clientEnd != nil { world.report(.ends, "\(conversation): \(call) after the end at the client") }
    }

    mutating func opened(_ outbound: inout Outbound) {
        requireOpen("opened")
        sendMore(&outbound)
    }

    mutating func writable(_ outbound: inout Outbound) {
        requireOpen("writable")
        sendMore(&outbound)
    }

    private mutating func sendMore(_ outbound: inout Outbound) {
        while nextFrame < conversation.lengths.count {
            let name = FrameName(origin: .client, index: nextFrame)
            do { try world.sendMessage(conversation.payload(name), to: &outbound) } catch {
                if error.code == .outboundFull { outbound.notifyWhenWritable() }
                return
            }
            conversation.toServer.sent.append(name)
            nextFrame += 1
        }
        closeIfDone(&outbound)
    }

    private func closeIfDone(_ outbound: inout Outbound) {
        guard nextFrame == conversation.lengths.count else { return }
        if conversation.manner == .hasty || conversation.toClient.deliveredCount >= nextFrame + conversation.pushedCount {
            conversation.hasClientClosed = true
            outbound.close()
        }
    }

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        requireOpen("received")
        while let frame = try frames.next() {
            for message in cutter.messages(with: world.bytes(of: frame)) { conversation.delivered(message, in: \.toClient) }
            if conversation.isEndangered, world.kernel.occurs(.handlerThrows) {
                conversation.isSpoiled = true
                throw Thrown()
            }
        }
        closeIfDone(&reply)
    }

    mutating func finished(_ outbound: inout Outbound) {
        requireOpen("finished")
        conversation.clientSawFinish = true
        outbound.close()
    }

    mutating func closed(_ reason: CloseReason) {
        requireOpen("closed")
        conversation.clientEnd = reason
        world.note(reason)
    }
}

/// Sends everything back. Learns from the first frame whom it talks to.
struct ServerHandler: ConnectionHandler {
    let world: World
    private var conversation: Conversation?
    private var isOver = false
    private var isStranger = false
    private var cutter: MessageCutter
    private let loop: EventLoop?

    init(_ world: World) {
        self.world = world
        cutter = MessageCutter(world.plan.format)
        loop = world.kernel.currentLoop
    }

    private func requireOpen(_ call: String) {
        if isOver { world.report(.ends, "\(call) after the end at the server") }
    }

    mutating func opened(_ outbound: inout Outbound) { requireOpen("opened") }

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        requireOpen("received")
        if let loop, world.resting.contains(World.Resting(loop: ObjectIdentifier(loop), connection: reply.connection)) {
            world.report(.delivery, "a handler that wants no input was given some")
        }
        if world.kernel.occurs(.slowHandler) { world.kernel.pass(.milliseconds(7)) }
        var patience = world.random.chance(0.1) ? world.random.number(1...3) : Int.max
        while patience > 0, let frame = try frames.next(upTo: patience == .max ? .max : 100) {
            patience -= 1
            let bytes = world.bytes(of: frame)
            if world.plan.format != .bytes, bytes.count > world.plan.longestFrame {
                world.report(.bounds, "a frame of \(bytes.count) bytes came through")
            }
            let before = conversation?.toServer.deliveredCount ?? 0
            for message in cutter.messages(with: bytes) { try take(message, reply.connection) }
            try answer(bytes, since: before, &reply)
        }
        if world.random.chance(0.03) { rest(&reply) }
    }

    /// Takes no more input for a while, whatever was left in the batch.
    private func rest(_ reply: inout Outbound) {
        guard let loop else { return }
        reply.pauseReceiving()
        let (connection, pause) = (reply.connection, Duration.microseconds(world.random.number(0...20_000)))
        let resting = World.Resting(loop: ObjectIdentifier(loop), connection: connection)
        world.resting.insert(resting)
        loop.post { [world] loop in
            loop.schedule(after: pause) { loop in
                world.resting.remove(resting)
                loop.resumeReceiving(connection)
            }
        }
    }

    private mutating func take(_ message: [UInt8], _ connection: ConnectionID) throws {
        meet(message, connection)
        guard let conversation else { return }
        conversation.delivered(message, in: \.toServer)
        if conversation.isEndangered, world.kernel.occurs(.handlerThrows) {
            conversation.isSpoiled = true
            throw Thrown()
        }
    }

    private mutating func meet(_ bytes: [UInt8], _ connection: ConnectionID) {
        guard conversation == nil, !isStranger else { return }
        conversation = world.conversation(introducedBy: bytes)
        isStranger = conversation == nil
        conversation?.serverConnection = connection
        conversation?.serverLoop = loop
    }

    /// Sends back what came, which made all messages from number `first` on whole.
    private func answer(_ bytes: [UInt8], since first: Int, _ reply: inout Outbound) throws {
        do { try world.send(bytes, to: &reply) } catch {
            // The client takes no answers any more. What it had sent is read all the same.
            if error.code == .closed { return }
            if error.code == .outboundFull, conversation?.pushedCount ?? 0 == 0 {
                world.report(.bounds, "an answer as long as the question found no room")
            }
            throw error
        }
        guard let conversation, !conversation.isGarbled else { return }
        conversation.toClient.sent += conversation.toServer.sent[first..<conversation.toServer.deliveredCount]
    }

    mutating func finished(_ outbound: inout Outbound) {
        requireOpen("finished")
        conversation?.serverSawFinish = true
        outbound.close()
    }

    mutating func closed(_ reason: CloseReason) {
        requireOpen("closed")
        isOver = true
        conversation?.serverEnd = reason
        world.note(reason)
        if let conversation, let connection = conversation.serverConnection { world.sendToGone(connection, of: conversation) }
        conversation?.serverConnection = nil
    }
}
