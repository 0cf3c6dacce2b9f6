@testable import RingIPC

extension FrameFormat {
    /// Every format, with every order.
    static let all: [FrameFormat] = [
        .native, .lengthPrefixed(.little), .lengthPrefixed(.big), .lengthPrefixed(.host), .qByteArray,
    ]
    static let plain = all.filter { $0 != .native }
}

/// Writes streams byte by byte, without `FrameEncoder`.
struct StreamMaker {
    let format: FrameFormat

    func frame(_ payload: [UInt8]) -> [UInt8] {
        format == .native ? Self.native(payload: payload) : header(UInt32(payload.count)) + payload
    }

    /// A length as the format writes it; in the native format the header of a data frame.
    func header(_ length: UInt32) -> [UInt8] {
        let little = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        switch format {
        case .native: return little + [0, 0, 0, 0]
        case .lengthPrefixed(.little): return little
        case .lengthPrefixed(.host): return 1.littleEndian == 1 ? little : little.reversed()
        case .lengthPrefixed(.big), .qByteArray: return little.reversed()
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
