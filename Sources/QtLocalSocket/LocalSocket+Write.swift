internal import RingIPC

// Writing. Bytes are copied, and leave when the loop runs next, at a flush, or during a wait.

extension LocalSocket {
    /// Bytes that were written and that the kernel has not taken.
    public var bytesToWrite: Int { state == .unconnected ? 0 : record?.unsentCount(in: loop.core) ?? 0 }

    /// Queues all of the bytes. Does not wait, and sends nothing yet.
    ///
    /// - Parameter bytes: copied.
    /// - Throws: ``LocalSocketError``, and then nothing was queued: `operation` without a connection or when it is not open for writing,
    ///   `socketResource` while ``writeBufferSize`` bytes are unsent.
    public func write(_ bytes: RawSpan) throws(LocalSocketError) {
        guard state == .connected, openMode.contains(.writeOnly), let record else {
            throw LocalSocketError(.operation, detail: "the socket is \(state) and open for \(openMode); connect it for writing")
        }
        let unsent = bytesToWrite
        guard writeBufferSize <= 0 || unsent < writeBufferSize else {
            throw LocalSocketError(
                .socketResource, detail: "\(unsent) bytes are unsent, and writeBufferSize is \(writeBufferSize); the peer reads too slowly")
        }
        guard bytes.byteCount > 0 else { return }
        record.queue(bytes, in: loop.core)
        loop.addWriter(record)
    }

    /// The same for an array.
    ///
    /// - Throws: ``LocalSocketError``, as ``write(_:)-(RawSpan)``.
    public func write(_ bytes: [UInt8]) throws(LocalSocketError) { try write(unsafe bytes.span.bytes) }

    /// The same for a text, in UTF-8.
    ///
    /// - Throws: ``LocalSocketError``, as ``write(_:)-(RawSpan)``.
    public func write(_ text: String) throws(LocalSocketError) { try write(unsafe text.utf8Span.span.bytes) }

    /// Hands over what the kernel takes now, without waiting.
    ///
    /// - Returns: whether anything was sent.
    @discardableResult
    public func flush() -> Bool {
        let before = bytesToWrite
        guard before > 0, let record else { return false }
        loop.flush(record)
        tellBytesWritten(record)
        return bytesToWrite < before
    }
}
