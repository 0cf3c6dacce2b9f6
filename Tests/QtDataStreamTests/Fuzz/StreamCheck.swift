import QtDataStream

/// Any bytes, read as any type: at once and byte by byte the same, and what was read is written and read again without a change.
struct StreamCheck {
    /// Takes an odd number of bytes for a mistake.
    private let isCanary: Bool

    init(isCanary: Bool = false) { self.isCanary = isCanary }

    /// The numbers of types that an input can choose.
    static let typeCount = 16

    /// What is wrong; `nil` when all agree. The first byte is the format, the second the type, the others are read.
    func failure(on input: UnsafeRawBufferPointer) -> String? {
        guard input.count >= 2 else { return nil }
        let (formatChoice, typeChoice) = unsafe (input[0], input[1])
        let format = Self.format(formatChoice)
        let bytes = unsafe Array(input.dropFirst(2))
        switch Int(typeChoice) % Self.typeCount {
        case 0: return failure(of: [UInt8]?.self, in: bytes, format)
        case 1: return failure(of: String?.self, in: bytes, format)
        case 2: return failure(of: [String?].self, in: bytes, format)
        case 3: return failure(of: [UInt16].self, in: bytes, format)
        case 4: return failure(of: [[Int8]].self, in: bytes, format)
        case 5: return failure(of: OrderedMap<String, Variant>.self, in: bytes, format)
        case 6: return failure(of: [String: Int32].self, in: bytes, format)
        case 7: return failure(of: OrderedMap<Int16, Double>.self, in: bytes, format)
        case 8: return failure(of: DateTime.self, in: bytes, format)
        case 9: return failure(of: [DateTime].self, in: bytes, format)
        case 10: return failure(of: UUID.self, in: bytes, format)
        case 11: return failure(of: [Variant].self, in: bytes, format)
        case 12: return failure(of: [Float].self, in: bytes, format)
        case 13: return failure(of: [Bool].self, in: bytes, format)
        case 14: return failure(of: DateTime.TimeZone.self, in: bytes, format)
        default: return failure(of: Variant.self, in: bytes, format)
        }
    }

    private static func format(_ choice: UInt8) -> DataStreamFormat {
        let versions = DataStreamFormat.Version.allCases
        return DataStreamFormat(
            version: versions[Int(choice & 15) % versions.count], byteOrder: choice & 16 == 0 ? .bigEndian : .littleEndian,
            floatingPointPrecision: choice & 32 == 0 ? .double : .single)
    }

    private func failure<Value: DataStreamable>(of type: Value.Type, in bytes: [UInt8], _ format: DataStreamFormat) -> String? {
        let atOnce = Outcome { () throws(DataStreamError) in
            var reader = unsafe DataStreamReader(bytes.span.bytes, format: format)
            return (try reader.read(Value.self), reader.offset)
        }
        let inPieces = Self.byteByByte(type, in: bytes, format)
        guard inPieces.agrees(with: atOnce) else { return "\(type), \(format): \(inPieces) byte by byte, \(atOnce) at once" }
        switch atOnce {
        case .value(let value, let count):
            if isCanary, count % 2 == 1 { return "\(type), \(format): \(count) bytes were read" }
            return Self.failure(writing: value, format).map { "\(type), \(format): \($0)" }
        case .error(let error):
            let isPastEnd = error.code == .readPastEnd
            return isPastEnd == (error.missingCount > 0) && error.offset <= bytes.count ? nil : "\(type), \(format): \(error)"
        }
    }

    private static func byteByByte<Value: DataStreamable>(
        _ type: Value.Type, in bytes: [UInt8], _ format: DataStreamFormat
    ) -> Outcome<Value> {
        var buffer = DataStreamBuffer(format: format, maximumCount: bytes.count)
        var last = DataStreamError(.readPastEnd, at: 0, detail: "no byte has come")
        for (index, byte) in bytes.enumerated() {
            do throws(DataStreamError) {
                unsafe try buffer.append([byte].span.bytes)
            } catch {
                return .error(error)
            }
            let outcome = Outcome { () throws(DataStreamError) in
                guard let value = try buffer.next(type) else { throw last }
                return (value, index + 1 - buffer.count)
            }
            guard case .error(let error) = outcome, error.code == .readPastEnd else { return outcome }
            last = error
        }
        return .error(last)
    }

    private static func failure(writing value: some DataStreamable, _ format: DataStreamFormat) -> String? {
        do throws(DataStreamError) {
            let first = try written(value, format)
            var reader = unsafe DataStreamReader(first.span.bytes, format: format)
            let second = try written(try read(like: value, from: &reader), format)
            guard first == second, reader.remainingCount == 0 else { return "\(first) was written, and \(second) after it was read again" }
            let length = try DataStreamWriter.length(of: value, format: format)
            return length == first.count ? nil : "\(length) bytes were foretold for \(first)"
        } catch {
            return "what was read cannot be written and read again: \(error)"
        }
    }

    private static func read<Value: DataStreamable>(
        like value: Value, from reader: inout DataStreamReader
    ) throws(DataStreamError) -> Value { try reader.read() }

    private static func written(_ value: some DataStreamable, _ format: DataStreamFormat) throws(DataStreamError) -> [UInt8] {
        var writer = DataStreamWriter(format: format)
        try writer.write(value)
        return writer.finish()
    }
}

/// A value and how many bytes it took, or an error.
private enum Outcome<Value: DataStreamable> {
    case value(Value, count: Int)
    case error(DataStreamError)

    init(_ body: () throws(DataStreamError) -> (Value, Int)) {
        do throws(DataStreamError) {
            let (value, count) = try body()
            self = .value(value, count: count)
        } catch {
            self = .error(error)
        }
    }

    /// Whether bytes that came one by one gave this and the same bytes at once gave the other. The values themselves are compared by what is
    /// written of them.
    func agrees(with atOnce: Outcome) -> Bool {
        switch (self, atOnce) {
        case (.value(_, let left), .value(_, let right)): left == right
        // The message cannot end within the bytes of the input. What is wrong with them besides is not looked at any more.
        case (.error(let left), .error) where left.code == .limitExceeded: true
        case (.error(let left), .error(let right)): left.code == right.code && (left.code == .readPastEnd || left.offset == right.offset)
        default: false
        }
    }
}
