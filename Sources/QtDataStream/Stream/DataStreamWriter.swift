/// Writes values as a `QDataStream` does.
///
/// It appends to an array that grows:
///
/// ```swift
/// func message() throws(DataStreamError) -> [UInt8] {
///     var writer = DataStreamWriter(format: DataStreamFormat(version: .qt5_15))
///     try writer.write(1 as UInt16)
///     try writer.write("hello")
///     return writer.finish()
/// }
/// ```
///
/// or into memory of a fixed size, so that a frame can be written where it will be sent from: ``init(into:format:)``.
public struct DataStreamWriter: ~Copyable, ~Escapable {
    /// How values are written from here on.
    public var format: DataStreamFormat
    /// Bytes written so far, and so where the next value begins.
    public private(set) var offset = 0
    private let destination: Destination
    /// As long as it has ever been: the bytes from `offset` on are spare.
    private var array: [UInt8] = []
    private var memory: MutableRawSpan
    private var depth = 0

    private enum Destination { case array, memory, nowhere }

    /// A writer whose bytes ``finish()`` returns.
    ///
    /// - Parameters:
    ///   - format: what the reader uses.
    ///   - array: an array whose contents are no longer needed. Its memory is used again, so that message after message can be written
    ///     without an allocation.
    @_lifetime(immortal)
    public init(format: DataStreamFormat, reusing array: consuming [UInt8] = []) {
        self.format = format
        self.array = array
        destination = .array
        memory = MutableRawSpan.empty()
    }

    /// A writer into memory of a fixed size. What does not fit is refused by `writeFailed`; ``length(of:format:)`` says beforehand what a
    /// value needs.
    @_lifetime(&memory)
    public init(into memory: inout MutableRawSpan, format: DataStreamFormat) {
        self.format = format
        destination = .memory
        self.memory = memory._mutatingExtracting(...)
    }

    @_lifetime(immortal)
    private init(countingFor format: DataStreamFormat) {
        self.format = format
        destination = .nowhere
        memory = MutableRawSpan.empty()
    }

    /// Bytes that a value takes in a stream.
    ///
    /// - Throws: ``DataStreamError`` for a value that cannot be written in this format.
    public static func length(of value: some DataStreamable, format: DataStreamFormat) throws(DataStreamError) -> Int {
        var writer = DataStreamWriter(countingFor: format)
        try writer.write(value)
        return writer.offset
    }

    /// Writes a value behind the last one.
    ///
    /// - Throws: ``DataStreamError``: `writeFailed` when the memory is full, `limitExceeded` for what is too long or too deep,
    ///   `unsupported` for what has no form in this version of the stream. A part of the value may have been written then.
    @inlinable
    public mutating func write(_ value: some DataStreamable) throws(DataStreamError) {
        try value.write(to: &self)
    }

    /// Writes bytes without a length in front: `QDataStream::writeRawData`.
    ///
    /// - Throws: ``DataStreamError``: `writeFailed` when the memory is full.
    public mutating func writeRawData(_ bytes: RawSpan) throws(DataStreamError) {
        try fill(bytes.byteCount) { $0.copy(bytes) }
    }

    /// Writes a `QByteArray`, never a null one. `[UInt8]?` can be null.
    ///
    /// - Throws: ``DataStreamError``: `writeFailed` when the memory is full, `limitExceeded` for 4 GiB and more before Qt 6.7.
    public mutating func writeByteArray(_ bytes: RawSpan) throws(DataStreamError) {
        try writeLength(bytes.byteCount)
        try writeRawData(bytes)
    }

    /// Ends the writing.
    ///
    /// - Returns: all that was written; an empty array from a writer into memory of a fixed size.
    public consuming func finish() -> [UInt8] {
        guard destination == .array else { return [] }
        array.removeLast(array.count - offset)
        return array
    }
}

extension DataStreamWriter {
    mutating func writeInteger<Integer: FixedWidthInteger & BitwiseCopyable>(_ value: Integer) throws(DataStreamError) {
        let stored = format.byteOrder == .bigEndian ? value.bigEndian : value.littleEndian
        try fill(MemoryLayout<Integer>.size) { $0.storeBytes(of: stored, as: Integer.self) }
    }

    /// The length in front of bytes, text or elements.
    mutating func writeLength(_ length: Int) throws(DataStreamError) {
        if let short = UInt32(exactly: length), short < LengthCode.extended { return try writeInteger(short) }
        if format.version >= .qt6_7 {
            try writeInteger(LengthCode.extended)
            return try writeInteger(Int64(length))
        }
        guard length == LengthCode.extended else {
            throw DataStreamError(
                .limitExceeded, at: offset,
                detail: "a length of \(length) has no form before Qt 6.7; use that version, or send less at once")
        }
        try writeInteger(LengthCode.extended)
    }

    mutating func writeNull() throws(DataStreamError) { try writeInteger(LengthCode.null) }

    /// Writes the number of elements of a list or map, and then the elements by `body`.
    mutating func writeElements(
        _ count: Int, _ body: (inout DataStreamWriter) throws(DataStreamError) -> Void
    ) throws(DataStreamError) {
        guard depth < DataStreamReader.maximumNestingDepth else {
            throw DataStreamError(
                .limitExceeded, at: offset,
                detail: "lists and maps lie in each other deeper than \(DataStreamReader.maximumNestingDepth), and could not be read again")
        }
        try writeLength(count)
        depth += 1
        defer { depth -= 1 }
        try body(&self)
    }

    /// Has the next `count` bytes written by `write`.
    mutating func fill(_ count: Int, _ write: (inout MutableRawSpan) -> Void) throws(DataStreamError) {
        let end = offset + count
        switch destination {
        case .array:
            if end > array.count { array.append(contentsOf: repeatElement(0, count: max(end - array.count, array.count))) }
            array.fill(from: offset, to: end, write)
        case .memory:
            guard end <= memory.byteCount else { throw full(needing: count) }
            var room = memory._mutatingExtracting(offset..<end)
            write(&room)
        case .nowhere: break
        }
        offset = end
    }

    private func full(needing count: Int) -> DataStreamError {
        DataStreamError(
            .writeFailed, at: offset, missingCount: count - (memory.byteCount - offset),
            detail: "the memory of \(memory.byteCount) bytes is full; reserve what DataStreamWriter.length(of:format:) says")
    }
}
