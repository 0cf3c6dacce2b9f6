import RingIPC

/// A form in which Qt programs write messages; `wire.h` of the Qt program says how.
enum Form: String, Sendable {
    case u32host, qbytearray, u16be, i64be, qstring, fortune16, fortune32, none

    var format: FrameFormat {
        switch self {
        case .u32host: .lengthPrefixed(.host)
        case .qbytearray, .qstring: .qByteArray
        case .u16be, .fortune16: .lengthPrefixed(.big, width: .two)
        case .i64be: .lengthPrefixed(.big, width: .eight)
        // The number in front counts characters: no format of frames has it.
        case .fortune32, .none: .bytes
        }
    }

    /// What is inside the frame of a message; all of it where there are no frames. A null one is told by the frame.
    func payload(_ content: [UInt8]) -> [UInt8] {
        switch self {
        case .u32host, .qbytearray, .u16be, .i64be, .none: content
        case .qstring: text(content)
        case .fortune16: big(2 * content.count, 4) + text(content)
        case .fortune32: big(content.count, 4) + big(2 * content.count, 4) + text(content)
        }
    }

    /// A message as it is on the wire, written without RingIPC's encoder.
    func encoded(_ content: [UInt8]?) -> [UInt8] {
        let payload = payload(content ?? [])
        switch self {
        case .u32host: return big(payload.count, 4).reversed() + payload
        case .qbytearray, .qstring: return content == nil ? [0xFF, 0xFF, 0xFF, 0xFF] : big(payload.count, 4) + payload
        case .u16be, .fortune16: return big(payload.count, 2) + payload
        case .i64be: return big(payload.count, 8) + payload
        case .fortune32, .none: return payload
        }
    }

    /// UTF-16, most significant byte first, of characters that take both bytes.
    private func text(_ content: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(2 * content.count)
        for byte in content {
            text.append(4)
            text.append(byte)
        }
        return text
    }

    private func big(_ number: Int, _ width: Int) -> [UInt8] {
        (0..<width).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
