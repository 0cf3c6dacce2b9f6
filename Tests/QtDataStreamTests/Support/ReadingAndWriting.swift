import QtDataStream

/// Calls `body` with a reader of `bytes`.
func reading<Value>(
    _ bytes: [UInt8], _ format: DataStreamFormat, _ body: (inout DataStreamReader) throws(DataStreamError) -> Value
) throws(DataStreamError) -> Value {
    var reader = unsafe DataStreamReader(bytes.span.bytes, format: format)
    return try body(&reader)
}

func read<Value: DataStreamable>(_ type: Value.Type, from bytes: [UInt8], _ format: DataStreamFormat) throws(DataStreamError) -> Value {
    var reader = unsafe DataStreamReader(bytes.span.bytes, format: format)
    return try reader.read(type)
}

func written(_ value: some DataStreamable, _ format: DataStreamFormat) throws(DataStreamError) -> [UInt8] {
    var writer = DataStreamWriter(format: format)
    try writer.write(value)
    return writer.finish()
}

/// The error that `body` throws, if it does.
func refusal(_ body: () throws(DataStreamError) -> Void) -> DataStreamError? {
    do throws(DataStreamError) {
        try body()
        return nil
    } catch {
        return error
    }
}

extension DataStreamBuffer {
    mutating func append(_ bytes: [UInt8]) throws(DataStreamError) { unsafe try append(bytes.span.bytes) }
}
