import RingIPC

/// What handlers take for a message. It is a frame; where the format has none, it begins with its length in four bytes, and arrives in pieces
/// that handlers put together.
struct MessageCutter {
    static let lengthWidth = 4

    private let hasFrames: Bool
    private var pending: [UInt8] = []

    init(_ format: FrameFormat) { hasFrames = format != .bytes }

    /// The messages that are whole with `piece`.
    mutating func messages(with piece: [UInt8]) -> [[UInt8]] {
        if hasFrames { return [piece] }
        pending += piece
        var messages: [[UInt8]] = []
        while pending.count >= Self.lengthWidth {
            let length = pending.prefix(Self.lengthWidth).reversed().reduce(0) { $0 << 8 | Int($1) }
            guard pending.count >= Self.lengthWidth + length else { break }
            messages.append(Array(pending[Self.lengthWidth...].prefix(length)))
            pending.removeFirst(Self.lengthWidth + length)
        }
        return messages
    }
}
