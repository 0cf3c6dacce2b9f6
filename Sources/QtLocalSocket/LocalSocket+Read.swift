// Reading what has arrived. Nothing here waits.

extension LocalSocket {
    /// Bytes that can be read.
    public var bytesAvailable: Int { isReadable ? record?.input.count ?? 0 : 0 }

    /// Whether a whole line, with its end, can be read.
    public var canReadLine: Bool { isReadable && record?.input.lineLength() != nil }

    /// At most `limit` bytes: none when nothing has arrived, `nil` when nothing will arrive any more, or the socket is not open for
    /// reading.
    public func read(_ limit: Int) -> [UInt8]? { take { $0.take(limit) } }

    /// Everything that has arrived.
    public func readAll() -> [UInt8] { read(.max) ?? [] }

    /// One line with its end; what there is of it, if the end has not come.
    ///
    /// - Parameter limit: as many bytes at most; a longer line comes in pieces.
    /// - Returns: nothing when nothing has arrived, `nil` when nothing will arrive any more, or the socket is not open for reading.
    public func readLine(_ limit: Int = .max) -> [UInt8]? {
        take { input in input.take(min(max(0, limit), input.lineLength() ?? input.count)) }
    }

    /// Drops at most `limit` bytes of what has arrived.
    ///
    /// - Returns: how many; `nil` when nothing will arrive any more, or the socket is not open for reading.
    @discardableResult
    public func skip(_ limit: Int) -> Int? { take { $0.skip(limit) } }

    /// What ``read(_:)`` would return, which stays.
    public func peek(_ limit: Int) -> [UInt8] {
        guard isReadable, let record else { return [] }
        record.seenArrivals = record.arrivals
        return record.input.peek(limit)
    }

    /// What has arrived, where it lies. It stays; ``skip(_:)`` takes it off. The bytes cannot be kept, and the socket must not be used
    /// meanwhile.
    public func withUnreadBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        guard isReadable, let record else { return try ReadBuffer().withUnread(body) }
        record.seenArrivals = record.arrivals
        return try record.input.withUnread(body)
    }

    // MARK: Transactions

    /// Whether a transaction is under way.
    public var isTransactionStarted: Bool { record?.input.isTransactionStarted ?? false }

    /// From here on, what is read can be had again by ``rollbackTransaction()``; it counts in ``readBufferSize`` until then.
    public func startTransaction() { record?.input.startTransaction() }

    /// What was read since ``startTransaction()`` is read for good.
    public func commitTransaction() {
        record?.input.commitTransaction()
        record?.refill(from: loop.core)
    }

    /// What was read since ``startTransaction()`` can be read again.
    public func rollbackTransaction() { record?.input.rollbackTransaction() }

    // MARK: Common parts

    private var isReadable: Bool { isOpen && openMode.contains(.readOnly) }

    private func take<R>(_ body: (inout ReadBuffer) -> R) -> R? {
        guard isReadable, let record, state != .unconnected || !record.input.isEmpty else { return nil }
        record.seenArrivals = record.arrivals
        let result = body(&record.input)
        record.refill(from: loop.core)
        return result
    }
}
