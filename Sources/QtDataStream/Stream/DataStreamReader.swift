/// Reads values from bytes that a `QDataStream` has written.
///
/// It borrows the bytes and cannot outlive them. A read that throws leaves the reader's place inside the value; ``transaction(_:)``
/// brings it back. Whatever the bytes are, nothing traps, and no memory is reserved for what they only announce.
///
/// ```swift
/// func greeting(in message: RawSpan) throws(DataStreamError) -> String {
///     var reader = DataStreamReader(message, format: DataStreamFormat(version: .qt5_15))
///     let kind = try reader.read(UInt16.self)
///     guard kind == 1 else { throw DataStreamError(.corruptData, at: 0, detail: "message \(kind) is unknown") }
///     return try reader.read()
/// }
/// ```
public struct DataStreamReader: ~Escapable {
    /// How the bytes are read from here on. A stream may change its format in the middle, when both ends know where.
    public var format: DataStreamFormat
    @usableFromInline let bytes: RawSpan
    /// Where the next byte is, in `bytes`.
    @usableFromInline var position = 0
    /// Where `bytes` begin in the stream.
    private let start: Int
    private var nesting = Nesting()

    /// Where a value is among the lists and maps around it.
    private struct Nesting {
        var depth = 0
        /// Bytes that the elements to come of these lists and maps take at least.
        var owedCount = 0
    }

    /// A reader of `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: what has been received.
    ///   - format: what the writer uses.
    ///   - offset: where `bytes` begin in the stream, for ``offset`` and errors.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, format: DataStreamFormat, startingAt offset: Int = 0) {
        self.bytes = bytes
        self.format = format
        start = offset
    }

    /// Where the next value begins, in bytes from the beginning of the stream.
    public var offset: Int { start + position }

    /// Bytes that are not yet read.
    @inlinable
    public var remainingCount: Int { bytes.byteCount - position }

    /// Reads a value: `let count: Int32 = try reader.read()`, or `try reader.read(Int32.self)`.
    ///
    /// - Throws: ``DataStreamError``: `readPastEnd`, `corruptData`, `unsupported` or `limitExceeded`.
    @inlinable
    public mutating func read<Value: DataStreamable>(_ type: Value.Type = Value.self) throws(DataStreamError) -> Value {
        try Value(from: &self)
    }

    /// Reads bytes that have no length in front, without copying them: `QDataStream::readRawData`.
    ///
    /// - Returns: exactly `count` bytes, borrowed from those that are read.
    /// - Throws: ``DataStreamError``: `readPastEnd`; `corruptData` for a negative `count`, which may be a peer's.
    @_lifetime(copy self)
    public mutating func readRawData(_ count: Int) throws(DataStreamError) -> RawSpan {
        let position = position
        try skipRawData(count)
        return bytes.extracting(position..<position + count)
    }

    /// Passes over bytes: `QDataStream::skipRawData`.
    ///
    /// - Throws: as ``readRawData(_:)``; nothing is passed over then.
    @inlinable
    public mutating func skipRawData(_ count: Int) throws(DataStreamError) {
        guard count >= 0 else { throw corruptData("\(count) bytes cannot be read; the number comes from the stream or from a mistake") }
        guard count <= remainingCount else { throw readPastEnd(needing: count) }
        position += count
    }

    /// Reads a `QByteArray` without copying it. `nil` is Qt's null array. `[UInt8]` and `[UInt8]?` read the same and copy.
    ///
    /// - Throws: ``DataStreamError``: `readPastEnd`; `corruptData` or `limitExceeded` for an impossible length.
    @_lifetime(copy self)
    public mutating func readByteArray() throws(DataStreamError) -> RawSpan? {
        guard let count = try readLength() else { return nil }
        return try readRawData(count)
    }

    @inlinable
    mutating func readInteger<Integer: FixedWidthInteger & BitwiseCopyable>() throws(DataStreamError) -> Integer {
        let position = position
        try skipRawData(MemoryLayout<Integer>.size)
        let stored: Integer = bytes.stored(at: position)
        return format.byteOrder == .bigEndian ? Integer(bigEndian: stored) : Integer(littleEndian: stored)
    }
}

// MARK: Transactions

extension DataStreamReader {
    /// Reads several values or none of them: what `startTransaction` and its companions do in Qt.
    ///
    /// | Qt | here |
    /// |---|---|
    /// | `startTransaction` | the call |
    /// | `commitTransaction`, `true` | `body` returns; its value is returned |
    /// | `commitTransaction`, `false`, after `ReadPastEnd` | `body` throws `readPastEnd`; the reader is where it was, `nil` is returned |
    /// | `rollbackTransaction` | `body` throws a `readPastEnd` of its own |
    /// | `abortTransaction` | `body` throws any other error, which is thrown on; the reader stays where it is |
    ///
    /// A transaction inside another one is rolled back to its own beginning. For bytes that arrive in pieces, ``DataStreamBuffer`` keeps
    /// those of a message that is not yet whole.
    public mutating func transaction<Value, Failure: Error>(
        _ body: (inout DataStreamReader) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        let before = (position, format)
        do throws(Failure) {
            return try body(&self)
        } catch {
            guard (error as? DataStreamError)?.code == .readPastEnd else { throw error }
            (position, format) = before
            return nil
        }
    }
}

// MARK: Lengths, lists and maps

extension DataStreamReader {
    /// How deep lists and maps may lie in each other, so that no stream can use up the stack. Qt has no such limit.
    public static let maximumNestingDepth = 64

    /// The length in front of bytes or text; `nil` for a null value. It may be longer than what is there.
    mutating func readLength() throws(DataStreamError) -> Int? {
        let offset = offset
        let short: UInt32 = try readInteger()
        if short == LengthCode.null { return nil }
        guard short == LengthCode.extended, format.version >= .qt6_7 else { return Int(short) }
        let long: Int64 = try readInteger()
        guard long >= 0 else { throw DataStreamError(.corruptData, at: offset, detail: "a length is \(long)") }
        guard let length = Int(exactly: long) else {
            throw DataStreamError(.limitExceeded, at: offset, detail: "a length of \(long) bytes is more than this machine can address")
        }
        return length
    }

    /// Whether a null value is next, which is then passed over.
    mutating func skipNull() throws(DataStreamError) -> Bool {
        let position = position
        if try readInteger() as UInt32 == LengthCode.null { return true }
        self.position = position
        return false
    }

    /// Reads the number of elements of a list or map, and then each of them by `body`.
    ///
    /// - Parameter least: bytes that an element takes at least. A number of elements for which the bytes cannot do is not believed, and
    ///   ends the reading before anything is done. An error tells what all the elements to come need, so that a message that arrives byte
    ///   by byte is not tried for each byte.
    mutating func readElements(
        ofAtLeast least: Int, _ body: (inout DataStreamReader) throws(DataStreamError) -> Void
    ) throws(DataStreamError) {
        let offset = offset
        guard let count = try readLength() else { throw DataStreamError(.corruptData, at: offset, detail: "a list or map is null") }
        guard nesting.depth < Self.maximumNestingDepth else {
            throw DataStreamError(
                .limitExceeded, at: offset, detail: "lists and maps lie in each other deeper than \(Self.maximumNestingDepth)")
        }
        let (needed, overflow) = count.multipliedReportingOverflow(by: least)
        guard !overflow, needed <= remainingCount - nesting.owedCount else { throw readPastEnd(needing: overflow ? count : needed) }
        let outer = nesting
        defer { nesting = outer }
        nesting.depth += 1
        nesting.owedCount += needed
        for _ in 0..<count {
            nesting.owedCount -= least
            try body(&self)
        }
    }
}

// MARK: Errors

extension DataStreamReader {
    @usableFromInline
    func readPastEnd(needing count: Int) -> DataStreamError {
        let (missing, overflow) = (count - remainingCount).addingReportingOverflow(nesting.owedCount)
        return DataStreamError(
            .readPastEnd, at: offset, missingCount: overflow ? Int.max : missing,
            detail: "the bytes end here; read again when more have arrived")
    }

    @usableFromInline
    func corruptData(_ detail: String) -> DataStreamError {
        DataStreamError(.corruptData, at: offset, detail: detail)
    }
}

/// What stands in the place of a length (`qdatastream.h`).
enum LengthCode {
    static let null: UInt32 = 0xFFFF_FFFF
    /// A 64-bit length follows. Before Qt 6.7, an ordinary length.
    static let extended: UInt32 = 0xFFFF_FFFE
}
