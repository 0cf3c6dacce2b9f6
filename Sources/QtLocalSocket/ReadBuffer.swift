/// Bytes that were received and not read yet, in one piece.
struct ReadBuffer {
    private var bytes: [UInt8] = []
    /// Where the unread bytes begin.
    private var start = 0
    /// Up to here no line ends: a long line that comes in many pieces is looked through once.
    private var searched = 0
    /// Where the transaction began that is under way.
    private var mark: Int?

    /// Bytes to read.
    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }
    /// Bytes kept, also those that a transaction may want again.
    var storedCount: Int { bytes.count - (mark ?? start) }

    private static let newline = UInt8(ascii: "\n")
    /// Memory above this is given back when it is not needed any more.
    private static var keptCapacity: Int { 256 << 10 }

    mutating func append(_ span: RawSpan) {
        dropRead()
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// The front of what is unread, at most `limit` bytes.
    func peek(_ limit: Int) -> [UInt8] { Array(bytes[start..<start + min(max(0, limit), count)]) }

    mutating func take(_ limit: Int) -> [UInt8] {
        // All that there is goes without a copy.
        if start == 0, mark == nil, limit >= bytes.count {
            let all = bytes
            removeAll()
            return all
        }
        let front = peek(limit)
        skip(front.count)
        return front
    }

    @discardableResult
    mutating func skip(_ limit: Int) -> Int {
        let skipped = min(max(0, limit), count)
        start += skipped
        searched = max(searched, start)
        if start == bytes.count, mark == nil { removeAll() }
        return skipped
    }

    mutating func removeAll() {
        let isLarge = bytes.capacity > Self.keptCapacity
        bytes.removeAll(keepingCapacity: !isLarge)
        (start, searched, mark) = (0, 0, nil)
    }

    func withUnread<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        let all = unsafe bytes.span.bytes
        return try body(all.extracting(start..<all.byteCount))
    }

    /// What was read moves out of the way, once it is as much as what is kept.
    private mutating func dropRead() {
        let unneeded = mark ?? start
        guard unneeded > 0, unneeded >= bytes.count - unneeded else { return }
        bytes.removeFirst(unneeded)
        start -= unneeded
        searched = max(0, searched - unneeded)
        if mark != nil { mark = 0 }
    }

    // MARK: Lines

    /// The length of the first line with its end; `nil` while that has not come.
    mutating func lineLength() -> Int? {
        guard let end = bytes[searched...].firstIndex(of: Self.newline) else {
            searched = bytes.count
            return nil
        }
        searched = end
        return end + 1 - start
    }

    // MARK: Transactions

    var isTransactionStarted: Bool { mark != nil }

    mutating func startTransaction() { mark = mark ?? start }

    mutating func commitTransaction() {
        mark = nil
        if start == bytes.count { removeAll() }
    }

    mutating func rollbackTransaction() {
        guard let beginning = mark else { return }
        start = beginning
        searched = beginning
        mark = nil
    }
}
