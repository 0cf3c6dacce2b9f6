internal import RingIPC

/// One connection, as the core's turns see it. A socket has a new one for each connection; the last one stays, for what is still to be
/// read.
final class SocketRecord: Record {
    weak var socket: LocalSocket?
    let descriptor: Int32
    /// The connection's name in the core; `nil` before it is open, and once it is over.
    private(set) var connection: ConnectionID?

    // MARK: Input

    var input = ReadBuffer()
    /// Bytes that `input` may keep; 0 for any number.
    var inputLimit: Int
    /// What arrives is dropped.
    var isDiscardingInput = false
    /// The core was asked for no more input.
    private(set) var isHeldBack = false
    /// How often something arrived.
    private(set) var arrivals: UInt64 = 0
    /// Up to which of them a wait need not report any more: it has, or a callback was told, or something was read.
    var seenArrivals: UInt64 = 0
    /// Up to which of them `onReadyRead` was told, or a wait inside it has reported.
    var toldArrivals: UInt64 = 0

    // MARK: Output

    /// The loop looks at it after each turn.
    var isWriting = false
    /// Bytes that were unsent at the last look.
    private(set) var unsentCount = 0
    /// Bytes that were sent and not told of.
    var newlySentCount = 0
    /// Something that was queued will never be sent.
    private(set) var hasLostOutput = false

    // MARK: The end

    /// The stream has ended, or failed; everything before that is in `input`.
    private(set) var end: CloseReason?

    init(of socket: LocalSocket, descriptor: Int32, inputLimit: Int, queue: RecordQueue) {
        self.socket = socket
        self.descriptor = descriptor
        self.inputLimit = inputLimit
        super.init(queue: queue)
    }

    override func tell() -> Bool { socket?.tell(self) ?? false }
}

// MARK: Called inside a turn

extension SocketRecord {
    fileprivate func opened(_ connection: ConnectionID) { self.connection = connection }

    /// Takes what there is room for.
    fileprivate func received(_ batch: inout FrameBatch, _ outbound: inout Outbound) throws {
        guard !isDiscardingInput else {
            while try batch.next() != nil {}
            return
        }
        let before = input.count
        while inputRoom > 0, let piece = try batch.next(upTo: inputRoom) { input.append(piece.bytes) }
        if input.count > before {
            arrivals &+= 1
            enqueue()
        }
        guard inputRoom == 0 else { return }
        isHeldBack = true
        outbound.pauseReceiving()
    }

    fileprivate func finished(_ reason: CloseReason) {
        end = end ?? reason
        enqueue()
    }

    fileprivate func closed(_ reason: CloseReason) {
        connection = nil
        if unsentCount > 0 { hasLostOutput = true }
        finished(reason)
    }
}

/// The core's way to a record.
struct SocketHandler: ConnectionHandler {
    let record: SocketRecord

    mutating func opened(_ outbound: inout Outbound) { record.opened(outbound.connection) }
    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws { try record.received(&frames, &reply) }
    /// The connection stays open: the program may have something to send all the same.
    mutating func finished(_ outbound: inout Outbound) { record.finished(.finished) }
    mutating func closed(_ reason: CloseReason) { record.closed(reason) }
}

// MARK: Called between turns

extension SocketRecord {
    private var inputRoom: Int { inputLimit == 0 ? .max : max(0, inputLimit - input.storedCount) }
    /// Something arrived that `onReadyRead` was not told of, and that is still to be read.
    var hasNews: Bool { arrivals > toldArrivals && !input.isEmpty }
    /// Why it could not be opened.
    var endDetail: String {
        if case .failed(let error)? = end { error.description } else { "the connection is over" }
    }
    /// Nothing arrives before something is read.
    var isFull: Bool { isHeldBack && inputRoom == 0 }

    /// Bytes that the program has written and the kernel has not taken.
    func unsentCount(in core: ManualLoop) -> Int {
        guard let connection, let state = core.sendState(of: connection) else { return unsentCount }
        return state.queuedBytes
    }

    func queue(_ bytes: RawSpan, in core: ManualLoop) {
        unsentCount += bytes.byteCount
        guard let connection, (try? core.queue(bytes, on: connection)) != nil else {
            // The peer is gone, which the program is told in a moment.
            hasLostOutput = true
            return
        }
    }

    /// Books what the kernel has taken since the last look.
    func lookAtOutput(_ core: ManualLoop) {
        guard let connection, let state = core.sendState(of: connection) else { return isWriting = false }
        if state.failure != nil {
            hasLostOutput = true
            isWriting = false
            // The peer sends nothing more, so that what is still to come is little. It is taken in at once: the end stands behind it.
            inputLimit = 0
            refill(from: core)
            return enqueue()
        }
        let sent = unsentCount - state.queuedBytes
        unsentCount = state.queuedBytes
        isWriting = unsentCount > 0
        guard sent > 0 else { return }
        newlySentCount += sent
        enqueue()
    }

    /// Takes input again when there is room.
    func refill(from core: ManualLoop) {
        guard isHeldBack, inputRoom > 0 || isDiscardingInput, let connection else { return }
        isHeldBack = false
        core.resumeReceiving(connection)
    }

    /// Nothing of it is told any more. What is unsent is delivered, as far as the peer takes it.
    func detach(from core: ManualLoop) {
        socket = nil
        isDiscardingInput = true
        if let connection { core.close(connection) }
    }

    /// Nothing of it is told any more, and what is unsent is dropped.
    func cutOff(from core: ManualLoop) {
        socket = nil
        if let connection { core.abort(connection) }
    }
}
