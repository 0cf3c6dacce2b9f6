/// `QString`: UTF-16, each unit in the order of the stream.
///
/// A `QString` may hold half of a surrogate pair, which no `String` can. Such a text is refused as `corruptData`, never repaired in
/// silence. A null text is read as an empty one; `String?` tells them apart.
extension String: DataStreamNullable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        let offset = stream.offset
        guard let bytes = try stream.readByteArray() else {
            self = ""
            return
        }
        guard bytes.byteCount.isMultiple(of: 2) else {
            throw DataStreamError(.corruptData, at: offset, detail: "a text of \(bytes.byteCount) bytes is not UTF-16")
        }
        let units = UTF16Bytes(bytes, in: stream.format.byteOrder).units
        guard let text = String(validating: units, as: UTF16.self) else {
            throw DataStreamError(
                .corruptData, at: offset,
                detail: "a text has one half of a surrogate pair; the peer has cut it in the middle of a character")
        }
        self = text
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        let (units, order) = (utf16, stream.format.byteOrder)
        let length = 2 * units.count
        try stream.writeLength(length)
        try stream.fill(length) { memory in
            for (index, unit) in units.enumerated() {
                memory.storeBytes(of: order == .bigEndian ? unit.bigEndian : unit.littleEndian, toByteOffset: 2 * index, as: UInt16.self)
            }
        }
    }
}

/// Text as it lies in a stream.
private struct UTF16Bytes: ~Escapable {
    private let bytes: RawSpan
    private let order: DataStreamFormat.ByteOrder

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, in order: DataStreamFormat.ByteOrder) {
        self.bytes = bytes
        self.order = order
    }

    var units: [UInt16] {
        Array(capacity: bytes.byteCount / 2) { units in
            for offset in stride(from: 0, to: bytes.byteCount, by: 2) {
                let stored: UInt16 = bytes.stored(at: offset)
                units.append(order == .bigEndian ? UInt16(bigEndian: stored) : UInt16(littleEndian: stored))
            }
        }
    }
}
