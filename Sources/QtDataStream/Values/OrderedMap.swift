/// `QMap`, `QMultiMap`, `QHash`: entries in the order in which they are in the stream.
///
/// The order is that of the library that wrote them, whatever the version of the stream: Qt 6 writes a `QMap` from the smallest key to
/// the largest, Qt 5 from the largest to the smallest, and both a `QHash` in no order. When Qt reads, the order does not matter. Several
/// entries may have the same key, as in a `QMultiMap`.
public struct OrderedMap<Key: DataStreamable, Value: DataStreamable> {
    /// A key with its value.
    public struct Entry {
        public var key: Key
        public var value: Value

        /// An entry of these two.
        public init(_ key: Key, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// All entries. They are written in this order.
    public var entries: [Entry]

    /// A map of these entries.
    public init(_ entries: [Entry] = []) { self.entries = entries }
}

extension OrderedMap where Key: Equatable {
    /// The value of a key: of its last entry, which is the one that remains in a `QMap`. It is searched for from entry to entry; for many
    /// questions read a `Dictionary` instead.
    public subscript(key: Key) -> Value? { entries.last { $0.key == key }?.value }
}

extension OrderedMap: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (Key, Value)...) { entries = elements.map { Entry($0, $1) } }
}

extension OrderedMap: DataStreamable {
    /// A key and a value take at least a byte each.
    static var leastEntryLength: Int { 2 }

    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        var entries: [Entry] = []
        try stream.readElements(ofAtLeast: Self.leastEntryLength) { (stream) throws(DataStreamError) in
            entries.append(Entry(try stream.read(), try stream.read()))
        }
        self.entries = entries
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        try stream.writeElements(entries.count) { (stream) throws(DataStreamError) in
            for entry in entries {
                try stream.write(entry.key)
                try stream.write(entry.value)
            }
        }
    }
}

extension OrderedMap.Entry: Equatable where Key: Equatable, Value: Equatable {}
extension OrderedMap.Entry: Hashable where Key: Hashable, Value: Hashable {}
extension OrderedMap.Entry: Sendable where Key: Sendable, Value: Sendable {}
extension OrderedMap: Equatable where Key: Equatable, Value: Equatable {}
extension OrderedMap: Hashable where Key: Hashable, Value: Hashable {}
extension OrderedMap: Sendable where Key: Sendable, Value: Sendable {}
