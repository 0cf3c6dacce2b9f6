import RingIPC
import RingIPCTesting

struct Thrown: Error {}

/// Looks after its end of a connection: every frame checked, nothing called after the end.
struct ClientHandler: ConnectionHandler, Sendable {
    let conversation: Conversation
    let world: World
    private var nextFrame = 0

    init(_ conversation: Conversation, _ world: World) {
        self.conversation = conversation
        self.world = world
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
            do { try world.send(conversation.payload(name), to: &outbound) } catch {
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
            conversation.delivered(world.bytes(of: frame), in: \.toClient)
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
    private let loop: EventLoop?

    init(_ world: World) {
        self.world = world
        loop = world.kernel.currentLoop
    }

    private func requireOpen(_ call: String) {
        if isOver { world.report(.ends, "\(call) after the end at the server") }
    }

    mutating func opened(_ outbound: inout Outbound) { requireOpen("opened") }

    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
        requireOpen("received")
        if world.kernel.occurs(.slowHandler) { world.kernel.pass(.milliseconds(7)) }
        var patience = world.random.chance(0.1) ? world.random.number(1...3) : Int.max
        while patience > 0, let frame = try frames.next() {
            patience -= 1
            let bytes = world.bytes(of: frame)
            if bytes.count > world.plan.longestFrame { world.report(.bounds, "a frame of \(bytes.count) bytes came through") }
            meet(bytes, reply.connection)
            if let conversation {
                conversation.delivered(bytes, in: \.toServer)
                if conversation.isEndangered, world.kernel.occurs(.handlerThrows) {
                    conversation.isSpoiled = true
                    throw Thrown()
                }
            }
            try answer(bytes, &reply)
        }
    }

    private mutating func meet(_ bytes: [UInt8], _ connection: ConnectionID) {
        guard conversation == nil, !isStranger else { return }
        conversation = world.conversation(introducedBy: bytes)
        isStranger = conversation == nil
        conversation?.serverConnection = connection
        conversation?.serverLoop = loop
    }

    private func answer(_ bytes: [UInt8], _ reply: inout Outbound) throws {
        do { try world.send(bytes, to: &reply) } catch {
            // The client takes no answers any more. What it had sent is read all the same.
            if error.code == .closed { return }
            if error.code == .outboundFull, conversation?.pushedCount ?? 0 == 0 {
                world.report(.bounds, "an answer as long as the question found no room")
            }
            throw error
        }
        guard let conversation, !conversation.isGarbled else { return }
        conversation.toClient.sent.append(conversation.toServer.sent[conversation.toServer.deliveredCount - 1])
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
