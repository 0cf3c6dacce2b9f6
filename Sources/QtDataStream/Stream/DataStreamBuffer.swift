/// Keeps the bytes of a stream that arrive in pieces until the message that they belong to is whole.
///
/// ```swift
/// func drain(_ received: RawSpan, into buffer: inout DataStreamBuffer) throws(DataStreamError) {
///     try buffer.append(received)
///     while let text = try buffer.next(String.self) { print(text) }
/// }
/// ```
public struct DataStreamBuffer: Sendable {
    /// How messages are read from here on.
    public var format: DataStreamFormat
    private let maximumCount: Int
    private var bytes: [UInt8] = []
    /// Bytes at the beginning of `bytes` that were read.
    private var consumedCount = 0
    /// Bytes of the stream that are no longer in `bytes`.
    private var droppedCount = 0
    /// How many unread bytes the next message needs at least, as the last attempt has found.
    private var neededCount = 1

    /// An empty buffer.
    ///
    /// - Parameters:
    ///   - format: what the writer uses.
    ///   - maximumCount: how many unread bytes are kept: the longest message, and as much as is received at once.
    public init(format: DataStreamFormat, maximumCount: Int) {
        self.format = format
        self.maximumCount = maximumCount
    }

    /// Bytes that wait to be read. What is left when the stream ends is a message that was cut off.
    public var count: Int { bytes.count - consumedCount }

    /// Adds what was received.
    ///
    /// - Throws: ``DataStreamError``: `limitExceeded`, with nothing added, when more than the maximum would wait, or when the message
    ///   that has begun cannot end within it. The connection has to be closed then.
    public mutating func append(_ received: RawSpan) throws(DataStreamError) {
        guard max(neededCount, count + received.byteCount) <= maximumCount else {
            throw DataStreamError(
                .limitExceeded, at: droppedCount + consumedCount,
                detail: "a message needs more than the \(maximumCount) bytes that may wait; close the connection, or raise maximumCount")
        }
        dropConsumed(toAdd: received.byteCount)
        bytes.append(received)
    }

    /// Reads the next message if it is whole.
    ///
    /// - Returns: `nil` when bytes are missing; append what comes next, and try again.
    /// - Throws: ``DataStreamError``: `corruptData`, `unsupported` or `limitExceeded`. What follows cannot be read any more; the
    ///   connection has to be closed.
    public mutating func next<Message: DataStreamable>(_ type: Message.Type = Message.self) throws(DataStreamError) -> Message? {
        try transaction { (reader) throws(DataStreamError) in try Message(from: &reader) }
    }

    /// Reads all of a message or nothing, as ``DataStreamReader/transaction(_:)``.
    ///
    /// `body` is not called while bytes are missing for certain, and never without bytes.
    ///
    /// - Returns: what `body` returns, or `nil` after it has thrown `readPastEnd`: the bytes are kept, and it is called again when more
    ///   of them are here.
    /// - Throws: every other error of `body`; the bytes that it has read are gone.
    public mutating func transaction<Value, Failure: Error>(
        _ body: (inout DataStreamReader) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        guard count >= neededCount else { return nil }
        var reader = DataStreamReader(
            bytes.rawBytes.extracting(droppingFirst: consumedCount), format: format, startingAt: droppedCount + consumedCount)
        do throws(Failure) {
            let value = try body(&reader)
            (format, consumedCount, neededCount) = (reader.format, bytes.count - reader.remainingCount, 1)
            return value
        } catch {
            guard let error = error as? DataStreamError, error.code == .readPastEnd else {
                consumedCount = bytes.count - reader.remainingCount
                throw error
            }
            let (needed, overflow) = count.addingReportingOverflow(max(error.missingCount, 1))
            neededCount = overflow ? Int.max : needed
            return nil
        }
    }

    /// Moves the unread bytes to the beginning when the memory is used up, so that each byte is moved a bounded number of times.
    private mutating func dropConsumed(toAdd addedCount: Int) {
        guard consumedCount == bytes.count || bytes.count + addedCount > bytes.capacity, consumedCount >= count else { return }
        bytes.removeFirst(consumedCount)
        droppedCount += consumedCount
        consumedCount = 0
    }
}
