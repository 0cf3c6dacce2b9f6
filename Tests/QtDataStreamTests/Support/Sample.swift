import QtDataStream

/// What a vector has to be read as: a value, or an error that is documented.
struct Sample: Sendable {
    let name: String
    let refusal: DataStreamError.Code?
    /// Reads; returns what is wrong with the value.
    let difference: @Sendable (inout DataStreamReader, Origin) throws(DataStreamError) -> String?
    let write: @Sendable (inout DataStreamWriter, Origin) throws(DataStreamError) -> Void

    private init<Value: DataStreamable & Sendable>(
        name: String, refusal: DataStreamError.Code?, isSame: @escaping @Sendable (Value, Value) -> Bool,
        expected: @escaping @Sendable (Origin) -> Value
    ) {
        self.name = name
        self.refusal = refusal
        difference = { (reader, origin) throws(DataStreamError) in
            let value: Value = try reader.read()
            return isSame(value, expected(origin)) ? nil : "\(value) was read, not \(expected(origin))"
        }
        write = { (writer, origin) throws(DataStreamError) in try writer.write(expected(origin)) }
    }

    static func of<Value: DataStreamable & Equatable & Sendable>(_ name: String, _ value: Value) -> Sample {
        Sample(name: name, refusal: nil, isSame: ==) { _ in value }
    }

    /// A value that depends on the version or the library.
    static func by<Value: DataStreamable & Equatable & Sendable>(_ name: String, _ value: @escaping @Sendable (Origin) -> Value) -> Sample {
        Sample(name: name, refusal: nil, isSame: ==, expected: value)
    }

    /// By its bits, so that NaN and the two zeros are told apart.
    static func float(_ name: String, _ value: Float) -> Sample {
        Sample(name: name, refusal: nil, isSame: { $0.bitPattern == $1.bitPattern }) { _ in value }
    }

    /// Likewise; under single precision what remains of it.
    static func double(_ name: String, _ value: Double) -> Sample {
        Sample(name: name, refusal: nil, isSame: { $0.bitPattern == $1.bitPattern }) { origin in
            origin.format.floatingPointPrecision == .single ? Double(Float(value)) : value
        }
    }

    static func refused<Value: DataStreamable & Equatable & Sendable>(_ name: String, as value: Value, _ code: DataStreamError.Code)
        -> Sample
    {
        Sample(name: name, refusal: code, isSame: ==) { _ in value }
    }
}

/// Four bytes without a length in front.
struct RawBytes: DataStreamable, Equatable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(from stream: inout DataStreamReader) throws(DataStreamError) {
        bytes = unsafe try stream.readRawData(4).withUnsafeBytes { unsafe Array($0) }
    }

    func write(to stream: inout DataStreamWriter) throws(DataStreamError) { unsafe try stream.writeRawData(bytes.span.bytes) }
}
