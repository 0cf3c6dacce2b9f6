/// A type that has a form in a stream.
///
/// A structure of your own is written in terms of others, member by member, as its `operator<<` does it in Qt:
///
/// ```swift
/// struct Reading: DataStreamable {
///     var sensor: String
///     var values: [Double]
///
///     init(from stream: inout DataStreamReader) throws(DataStreamError) {
///         sensor = try stream.read()
///         values = try stream.read()
///     }
///
///     func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
///         try stream.write(sensor)
///         try stream.write(values)
///     }
/// }
/// ```
public protocol DataStreamable {
    /// Reads a value, and leaves the reader behind it.
    ///
    /// - Throws: ``DataStreamError``, and then the reader's place is anywhere inside the value: see ``DataStreamReader/transaction(_:)``.
    init(from stream: inout DataStreamReader) throws(DataStreamError)

    /// Writes the value. It writes the same bytes whenever the value and the format are the same.
    ///
    /// - Throws: ``DataStreamError``, and then a part of the value may have been written.
    func write(to stream: inout DataStreamWriter) throws(DataStreamError)

    /// Reads what a `QList` of this type is in a stream. There is no need to implement it.
    static func readList(from stream: inout DataStreamReader) throws(DataStreamError) -> [Self]

    /// Writes what a `QList` of this type is in a stream. There is no need to implement it.
    static func writeList(_ list: [Self], to stream: inout DataStreamWriter) throws(DataStreamError)
}

/// A type of which Qt has a null value that differs from the empty one: `QString` as `String`, `QByteArray` as `[UInt8]`.
///
/// `String?` and `[UInt8]?` keep the difference, with `nil` for null. Read as `String` or `[UInt8]`, a null value becomes an empty one.
public protocol DataStreamNullable: DataStreamable {}

extension Optional: DataStreamable where Wrapped: DataStreamNullable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        self = try stream.skipNull() ? nil : Wrapped(from: &stream)
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        guard let value = self else { return try stream.writeNull() }
        try value.write(to: &stream)
    }
}
