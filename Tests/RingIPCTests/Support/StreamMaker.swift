@testable import RingIPC

extension FrameFormat {
    /// Every format that has frames, with every order and width. The one without has `BytesTests`.
    static let all: [FrameFormat] = [
        .native, .lengthPrefixed(.little), .lengthPrefixed(.big), .lengthPrefixed(.host), .qByteArray,
        .lengthPrefixed(.little, width: .two), .lengthPrefixed(.big, width: .two),
        .lengthPrefixed(.little, width: .eight), .lengthPrefixed(.big, width: .eight),
    ]
    static let plain = all.filter { $0 != .native }
    /// Those whose lengths can be beyond every limit.
    static let wide = all.filter { $0.headerLength >= 4 }
}

/// Writes streams byte by byte, without `FrameEncoder`.
struct StreamMaker {
    let format: FrameFormat

    func frame(_ payload: [UInt8]) -> [UInt8] {
        format == .native ? Self.native(payload: payload) : header(UInt64(payload.count)) + payload
    }

    /// A length as the format writes it; in the native format the header of a data frame.
    func header(_ length: UInt64) -> [UInt8] {
        let little = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        switch format {
        case .native: return little
        case .lengthPrefixed(let order, let width):
            let isLittle = order == .little || order == .host && 1.littleEndian == 1
            return isLittle ? Array(little.prefix(width.rawValue)) : little.prefix(width.rawValue).reversed()
        case .qByteArray: return little.prefix(4).reversed()
        case .bytes: return []
        }
    }

    static func native(kind: UInt8 = 0, flags: UInt8 = 0, payload: [UInt8] = []) -> [UInt8] {
        var bytes = (0..<4).map { UInt8(truncatingIfNeeded: payload.count >> (8 * $0)) }
        bytes += [kind, flags, 0, 0] + payload
        while bytes.count % 8 != 0 { bytes.append(0) }
        return bytes
    }

    static let goodbye: [UInt8] = [0, 0, 0, 0, 1, 0, 0, 0]
    /// Version 1, no feature, frames up to 16 MiB.
    static let hello: [UInt8] = [0xFF, 0x52, 0x49, 0xFF, 1, 0, 16, 0] + [UInt8](repeating: 0, count: 8) + [0, 0, 0, 1, 0, 0, 0, 0]
    static let qtNull: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]

    /// Frames of random lengths, now and then one of another kind. Whole, unless the goodbye ends it early.
    func randomStream(frames: Int, longest: Int, _ random: inout SeededRandom) -> [UInt8] {
        var stream: [UInt8] = []
        for _ in 0..<frames {
            if format == .native, random.bool(oneIn: 6) {
                let payload = random.bytes(random.length(upTo: longest))
                stream += Self.native(kind: UInt8(random.number(2...255)), flags: 1, payload: payload)
            } else if format == .qByteArray, random.bool(oneIn: 6) {
                stream += Self.qtNull
            } else {
                stream += frame(random.bytes(random.length(upTo: longest)))
            }
        }
        if format == .native, random.bool(oneIn: 3) { stream += Self.goodbye }
        return stream
    }
}
