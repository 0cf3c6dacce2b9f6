/// `QUuid`: 16 bytes, in the order of their text.
public struct UUID: Sendable, Hashable {
    /// The first 8 bytes, the first of them in the highest place.
    public var high: UInt64
    /// The last 8 bytes, likewise.
    public var low: UInt64

    /// The UUID of these bytes. Without any, Qt's null UUID.
    public init(high: UInt64 = 0, low: UInt64 = 0) {
        self.high = high
        self.low = low
    }

    /// The UUID of a text such as `00112233-4455-6677-8899-aabbccddeeff`, in braces or without; `nil` for any other text.
    public init?(_ text: String) {
        var characters = Array(text.utf8)
        if characters.first == UInt8(ascii: "{"), characters.last == UInt8(ascii: "}"), characters.count == 38 {
            characters = Array(characters[1..<37])
        }
        guard characters.count == 36 else { return nil }
        self.init()
        for (index, character) in characters.enumerated() {
            if Self.dashes.contains(index) {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Character(Unicode.Scalar(character)).hexDigitValue else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit)
        }
    }

    private static let dashes: Set = [8, 13, 18, 23]
}

extension UUID: CustomStringConvertible {
    /// The text without braces, in lower case.
    public var description: String {
        var text = ""
        for shift in stride(from: 60, through: 0, by: -4) { text += String(high >> UInt64(shift) & 15, radix: 16) }
        for shift in stride(from: 60, through: 0, by: -4) { text += String(low >> UInt64(shift) & 15, radix: 16) }
        for dash in Self.dashes.sorted() { text.insert("-", at: text.index(text.startIndex, offsetBy: dash)) }
        return text
    }
}

/// The first three parts are numbers in the order of the stream, the other eight bytes have always the same order.
extension UUID: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        let (first, second, third): (UInt32, UInt16, UInt16) = (try stream.read(), try stream.read(), try stream.read())
        high = UInt64(first) << 32 | UInt64(second) << 16 | UInt64(third)
        low = UInt64(bigEndian: try stream.readRawData(8).stored(at: 0))
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        try stream.write(UInt32(truncatingIfNeeded: high >> 32))
        try stream.write(UInt16(truncatingIfNeeded: high >> 16))
        try stream.write(UInt16(truncatingIfNeeded: high))
        try stream.fill(8) { $0.storeBytes(of: low.bigEndian, as: UInt64.self) }
    }
}
