import RingIPC
import RingIPCTesting

/// A frame as a number: both sides can make its bytes.
struct FrameName: Equatable {
    enum Origin: UInt64 { case client = 1, push = 2 }
    let origin: Origin
    let index: Int
}

/// One direction of a connection, as everybody should see it: what was sent, and how much of it has been delivered.
struct Direction {
    var sent: [FrameName] = []
    var deliveredCount = 0
    var isComplete: Bool { deliveredCount == sent.count }
}

/// What a client and the server say to each other on one connection, and what became of it.
///
/// Sendable only because handlers are: everything here belongs to the one thread of a simulation.
final class Conversation: @unchecked Sendable {
    enum Manner {
        /// Sends everything, waits for all answers, ends.
        case patient
        /// Ends as soon as everything is queued.
        case hasty
    }

    let number: Int
    let isEndangered: Bool
    let manner: Manner
    let lengths: [Int]
    private let world: World

    var toServer = Direction()
    var toClient = Direction()
    /// How the ends ended; `nil` while they have not.
    var clientEnd: CloseReason?
    var serverEnd: CloseReason?
    /// The client got, or sent, an end in order.
    var clientSawFinish = false
    var serverSawFinish = false
    /// While the connection lives at the server.
    var serverConnection: ConnectionID?
    var serverLoop: EventLoop?
    /// Frames that the server sent unasked.
    var pushedCount = 0
    var hasClientClosed = false
    /// Somebody on our own side ended it on purpose: a handler that threw, a peer that was told to misbehave.
    var isSpoiled = false
    /// Its peer sends anything, frames that were never named among it.
    var isGarbled = false

    init(number: Int, isEndangered: Bool, manner: Manner, lengths: [Int], world: World) {
        self.number = number
        self.isEndangered = isEndangered
        self.manner = manner
        self.lengths = lengths
        self.world = world
    }

    /// The bytes of a frame. The first one of a client says which conversation it belongs to.
    func payload(_ name: FrameName) -> [UInt8] {
        let length = name.origin == .client ? lengths[name.index] : lengths[name.index % lengths.count]
        if name.origin == .client, name.index == 0 { return World.introduction(number, seed: world.seed) }
        var random = SeededRandom(seed: world.seed ^ UInt64(number) << 40 ^ name.origin.rawValue << 32 ^ UInt64(name.index))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        while bytes.count < length {
            var word = random.next()
            for _ in 0..<min(8, length - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return bytes
    }

    /// A frame was delivered. It has to be the next one that was sent, whole.
    func delivered(_ bytes: [UInt8], in direction: ReferenceWritableKeyPath<Conversation, Direction>) {
        let index = self[keyPath: direction].deliveredCount
        guard !isGarbled else { return }
        let name = direction == \.toServer ? "the server" : "the client"
        guard index < self[keyPath: direction].sent.count else {
            return world.report(.delivery, "\(self): \(name) got frame \(index), and only \(index) were sent")
        }
        if bytes != payload(self[keyPath: direction].sent[index]) {
            world.report(.delivery, "\(self): frame \(index) at \(name) has \(bytes.count) bytes that were not sent")
        }
        self[keyPath: direction].deliveredCount += 1
    }
}

extension Conversation: CustomStringConvertible {
    var description: String { "\(manner) conversation \(number)\(isEndangered ? " (endangered)" : "")" }

    /// Numbers from here on are those of raw peers.
    static let firstRawNumber = 100
    var isRaw: Bool { number >= Self.firstRawNumber }

    var progress: String {
        "to server \(toServer.deliveredCount) of \(toServer.sent.count), to client \(toClient.deliveredCount) of \(toClient.sent.count)"
    }

    /// How both ends ended.
    var ends: String {
        "client \(clientEnd.map { "\($0)" } ?? "open"), server \(serverEnd.map { "\($0)" } ?? "open or never met")"
    }
}
