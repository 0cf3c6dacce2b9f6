/// `QVariant`: a value with its type.
///
/// These are the types that are read and written. Any other, a type of Qt's GUI or of a program's own among them, is refused as
/// `unsupported`: the stream does not say how long such a value is, so that nothing behind it can be found.
public indirect enum Variant: Sendable, Hashable {
    /// `QVariant()`.
    case invalid
    /// `QVariant(QMetaType(…))`: a type without a value. A null text in a variant is something else: `.string(nil)`.
    case null(Kind)
    case bool(Bool)
    case int8(Int8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case uint8(UInt8)
    case uint16(UInt16)
    case uint32(UInt32)
    case uint64(UInt64)
    case float(Float)
    case double(Double)
    case string(String?)
    case stringList([String?])
    case byteArray([UInt8]?)
    case date(Date)
    case time(Time)
    case dateTime(DateTime)
    case uuid(UUID)
    case list([Variant])
    case map(OrderedMap<String, Variant>)
    case hash(OrderedMap<String, Variant>)
    /// `QVariant::fromValue(nullptr)`, as which JSON's null comes. Qt 6 writes it as `.null(.nullptr)`, Qt 5 as this.
    case nullptr

    /// The types, with the numbers of Qt's `QMetaType::Type`, which are the same since Qt 5.0.
    public enum Kind: UInt32, Sendable, Hashable, CaseIterable {
        case bool = 1
        case int32 = 2
        case uint32 = 3
        case int64 = 4
        case uint64 = 5
        case double = 6
        case map = 8
        case list = 9
        case string = 10
        case stringList = 11
        case byteArray = 12
        case date = 14
        case time = 15
        case dateTime = 16
        case hash = 28
        case uuid = 30
        case int16 = 33
        case uint16 = 36
        case uint8 = 37
        case float = 38
        case int8 = 40
        case nullptr = 51
    }

    /// The type; `nil` for ``invalid``.
    public var kind: Kind? {
        switch self {
        case .invalid: nil
        case .null(let kind): kind
        case .bool: .bool
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .uint8: .uint8
        case .uint16: .uint16
        case .uint32: .uint32
        case .uint64: .uint64
        case .float: .float
        case .double: .double
        case .string: .string
        case .stringList: .stringList
        case .byteArray: .byteArray
        case .date: .date
        case .time: .time
        case .dateTime: .dateTime
        case .uuid: .uuid
        case .list: .list
        case .map: .map
        case .hash: .hash
        case .nullptr: .nullptr
        }
    }
}
