/// The hello as `Docs/WireFormat.md` tells it: one byte at a time, with nothing in common with `Hello`.
struct ReferenceHello {
    enum Verdict: Equatable {
        case incomplete
        case refused
        case complete(length: Int, features: UInt64, maximumFrameLength: UInt32)
    }

    /// What a reader can say after the given bytes. Rules are judged when the document says so: the magic with each byte, the rest of the first
    /// eight bytes together, the body when all of it is there.
    static func verdict(on bytes: [UInt8]) -> Verdict {
        for (byte, magic) in zip(bytes, [0xFF, 0x52, 0x49, 0xFF] as [UInt8]) where byte != magic { return .refused }
        if bytes.count < 8 { return .incomplete }
        let bodyLength = Int(number(bytes, at: 6, 2))
        if bytes[4] != 1 || bytes[5] != 0 { return .refused }
        if bodyLength < 16 || bodyLength > 1_024 || bodyLength % 8 != 0 { return .refused }
        if bytes.count < 8 + bodyLength { return .incomplete }
        let features = number(bytes, at: 8, 8)
        for bit in 32..<64 where features / (1 << UInt64(bit)) % 2 == 1 { return .refused }
        if number(bytes, at: 20, 4) != 0 { return .refused }
        return .complete(length: 8 + bodyLength, features: features, maximumFrameLength: UInt32(number(bytes, at: 16, 4)))
    }

    private static func number(_ bytes: [UInt8], at place: Int, _ count: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in (place..<(place + count)).reversed() { number = number * 256 + UInt64(bytes[index]) }
        return number
    }
}
