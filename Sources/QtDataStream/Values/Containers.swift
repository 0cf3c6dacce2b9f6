// `QList` and `QStringList`, `QVector` and `QSet` alike: a count and the elements.
extension Array: DataStreamable where Element: DataStreamable {
    @inlinable
    public init(from stream: inout DataStreamReader) throws(DataStreamError) { self = try Element.readList(from: &stream) }

    @inlinable
    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) { try Element.writeList(self, to: &stream) }
}

/// `QByteArray`, which can be null. So `[UInt8]?` has a form, and an optional list of anything else has none.
extension Array: DataStreamNullable where Element == UInt8 {}

extension DataStreamable {
    public static func readList(from stream: inout DataStreamReader) throws(DataStreamError) -> [Self] {
        var list: [Self] = []
        // An element of no bytes at all would let a few bytes announce four thousand million of them.
        try stream.readElements(ofAtLeast: 1) { (stream) throws(DataStreamError) in list.append(try Self(from: &stream)) }
        return list
    }

    public static func writeList(_ list: [Self], to stream: inout DataStreamWriter) throws(DataStreamError) {
        try stream.writeElements(list.count) { (stream) throws(DataStreamError) in
            for element in list { try element.write(to: &stream) }
        }
    }
}

/// `QMap<QString, T>`, or `QHash<QString, T>`, when the order does not matter. Entries are written as Qt 6 orders them: by the UTF-16
/// units of their keys.
///
/// Of entries with the same key the last one is kept. Keys that Swift holds for equal and Qt does not, such as "é" in one and in two code
/// points, are the same key here: ``OrderedMap`` keeps both.
extension Dictionary: DataStreamable where Key == String, Value: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        self.init()
        try stream.readElements(ofAtLeast: OrderedMap<Key, Value>.leastEntryLength) { (stream) throws(DataStreamError) in
            let key: String = try stream.read()
            self[key] = try stream.read()
        }
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        let sorted = sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
        try stream.writeElements(count) { (stream) throws(DataStreamError) in
            for (key, value) in sorted {
                try stream.write(key)
                try stream.write(value)
            }
        }
    }
}
