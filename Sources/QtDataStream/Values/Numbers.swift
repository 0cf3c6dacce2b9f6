// The integers of a fixed width. `Int` and `UInt` have no form: their width is the machine's.
extension Int8: DataStreamable {}
extension Int16: DataStreamable {}
extension Int32: DataStreamable {}
extension Int64: DataStreamable {}
extension UInt16: DataStreamable {}
extension UInt32: DataStreamable {}
extension UInt64: DataStreamable {}

extension DataStreamable where Self: FixedWidthInteger & BitwiseCopyable {
    @inlinable
    public init(from stream: inout DataStreamReader) throws(DataStreamError) { self = try stream.readInteger() }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) { try stream.writeInteger(self) }
}

/// A list of `UInt8` is what `QByteArray` and `QList<quint8>` have in common; a null array is read as an empty one.
extension UInt8: DataStreamable {
    public static func readList(from stream: inout DataStreamReader) throws(DataStreamError) -> [UInt8] {
        guard let bytes = try stream.readByteArray() else { return [] }
        return bytes.copied
    }

    public static func writeList(_ list: [UInt8], to stream: inout DataStreamWriter) throws(DataStreamError) {
        try stream.writeByteArray(list.rawBytes)
    }
}

/// One byte. As in Qt, every value but 0 is read as `true`.
extension Bool: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) { self = try stream.readInteger() as UInt8 != 0 }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) { try stream.writeInteger(self ? 1 : 0 as UInt8) }
}

/// Four bytes, or eight under ``DataStreamFormat/FloatingPointPrecision/double``, which is the default.
extension Float: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        switch stream.format.floatingPointPrecision {
        case .single: self.init(bitPattern: try stream.readInteger())
        case .double: self.init(Double(bitPattern: try stream.readInteger()))
        }
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        switch stream.format.floatingPointPrecision {
        case .single: try stream.writeInteger(bitPattern)
        case .double: try stream.writeInteger(Double(self).bitPattern)
        }
    }
}

/// Eight bytes, or four under ``DataStreamFormat/FloatingPointPrecision/single``.
extension Double: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        switch stream.format.floatingPointPrecision {
        case .single: self.init(Float(bitPattern: try stream.readInteger()))
        case .double: self.init(bitPattern: try stream.readInteger())
        }
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        switch stream.format.floatingPointPrecision {
        case .single: try stream.writeInteger(Float(self).bitPattern)
        case .double: try stream.writeInteger(bitPattern)
        }
    }
}
