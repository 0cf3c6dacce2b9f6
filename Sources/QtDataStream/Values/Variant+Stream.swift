/// The number of the type, a byte that is 1 for null, and the value, also of a null variant: then it is the one that the type begins with.
extension Variant: DataStreamable {
    private static let invalidNumber: UInt32 = 0

    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        let offset = stream.offset
        let number: UInt32 = try stream.read()
        let isNull: Bool = try stream.read()
        guard number != Self.invalidNumber else {
            self = .invalid
            return
        }
        guard let kind = Kind(rawValue: number) else {
            throw DataStreamError(
                .unsupported, at: offset,
                detail: "a variant is of type \(number), which is not read; see QMetaType::Type, and Variant for the types that are")
        }
        let value = try Self(kind, from: &stream)
        self = isNull ? .null(kind) : value
    }

    private init(_ kind: Kind, from stream: inout DataStreamReader) throws(DataStreamError) {
        switch kind {
        case .bool: self = .bool(try stream.read())
        case .int8: self = .int8(try stream.read())
        case .int16: self = .int16(try stream.read())
        case .int32: self = .int32(try stream.read())
        case .int64: self = .int64(try stream.read())
        case .uint8: self = .uint8(try stream.read())
        case .uint16: self = .uint16(try stream.read())
        case .uint32: self = .uint32(try stream.read())
        case .uint64: self = .uint64(try stream.read())
        case .float: self = .float(try stream.read())
        case .double: self = .double(try stream.read())
        case .string: self = .string(try stream.read())
        case .stringList: self = .stringList(try stream.read())
        case .byteArray: self = .byteArray(try stream.read())
        case .date: self = .date(try stream.read())
        case .time: self = .time(try stream.read())
        case .dateTime: self = .dateTime(try stream.read())
        case .uuid: self = .uuid(try stream.read())
        case .list: self = .list(try stream.read())
        case .map: self = .map(try stream.read())
        case .hash: self = .hash(try stream.read())
        case .nullptr: self = .nullptr
        }
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        guard let kind else {
            try stream.write(Self.invalidNumber)
            return try stream.write(true)
        }
        try stream.write(kind.rawValue)
        if case .null = self {
            try stream.write(true)
            return try kind.firstValue.writeValue(to: &stream)
        }
        try stream.write(false)
        try writeValue(to: &stream)
    }

    private func writeValue(to stream: inout DataStreamWriter) throws(DataStreamError) {
        switch self {
        case .invalid, .null, .nullptr: break
        case .bool(let value): try stream.write(value)
        case .int8(let value): try stream.write(value)
        case .int16(let value): try stream.write(value)
        case .int32(let value): try stream.write(value)
        case .int64(let value): try stream.write(value)
        case .uint8(let value): try stream.write(value)
        case .uint16(let value): try stream.write(value)
        case .uint32(let value): try stream.write(value)
        case .uint64(let value): try stream.write(value)
        case .float(let value): try stream.write(value)
        case .double(let value): try stream.write(value)
        case .string(let value): try stream.write(value)
        case .stringList(let value): try stream.write(value)
        case .byteArray(let value): try stream.write(value)
        case .date(let value): try stream.write(value)
        case .time(let value): try stream.write(value)
        case .dateTime(let value): try stream.write(value)
        case .uuid(let value): try stream.write(value)
        case .list(let value): try stream.write(value)
        case .map(let value), .hash(let value): try stream.write(value)
        }
    }
}

extension Variant.Kind {
    /// What Qt makes of the type without a value.
    fileprivate var firstValue: Variant {
        switch self {
        case .bool: .bool(false)
        case .int8: .int8(0)
        case .int16: .int16(0)
        case .int32: .int32(0)
        case .int64: .int64(0)
        case .uint8: .uint8(0)
        case .uint16: .uint16(0)
        case .uint32: .uint32(0)
        case .uint64: .uint64(0)
        case .float: .float(0)
        case .double: .double(0)
        case .string: .string(nil)
        case .stringList: .stringList([])
        case .byteArray: .byteArray(nil)
        case .date: .date(.invalid)
        case .time: .time(.invalid)
        case .dateTime: .dateTime(.invalid)
        case .uuid: .uuid(UUID())
        case .list: .list([])
        case .map: .map([:])
        case .hash: .hash([:])
        case .nullptr: .nullptr
        }
    }
}
