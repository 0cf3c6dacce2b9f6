@testable import RingIPC

/// The wire forms, written a second time from `Docs/WireFormat.md` and not with the library's encoder.
enum WireBytes {
    static func little(_ number: UInt64, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    static func header(_ length: Int, _ format: FrameFormat) -> [UInt8] {
        // These tests run on little-endian machines only.
        let little = little(UInt64(length), format.headerLength)
        return isBig(format) ? little.reversed() : little
    }

    private static func isBig(_ format: FrameFormat) -> Bool {
        switch format {
        case .lengthPrefixed(.big, _), .qByteArray: true
        default: false
        }
    }

    static func frame(_ payload: [UInt8], _ format: FrameFormat) -> [UInt8] {
        let padding = format == .native ? (8 - payload.count % 8) % 8 : 0
        return header(payload.count, format) + payload + [UInt8](repeating: 0, count: padding)
    }

    static func hello(
        magic: [UInt8] = [0xFF, 0x52, 0x49, 0xFF], version: UInt8 = 1, features: UInt64 = 0, maximumFrameLength: UInt32 = 16 << 20
    ) -> [UInt8] {
        magic + [version, 0, 16, 0] + little(features, 8) + little(UInt64(maximumFrameLength), 4) + [0, 0, 0, 0]
    }

    static let goodbye: [UInt8] = [0, 0, 0, 0, 1, 0, 0, 0]

    /// What a well-behaved peer of this format says first.
    static func opening(_ format: FrameFormat) -> [UInt8] { format == .native ? hello() : [] }
    static func ending(_ format: FrameFormat) -> [UInt8] { format == .native ? goodbye : [] }

    /// The payloads in a whole stream, opening and ending taken off. `nil` if it is none.
    static func payloads(in stream: [UInt8], _ format: FrameFormat) -> [[UInt8]]? {
        var position = 0
        var payloads: [[UInt8]] = []
        if format == .native {
            guard stream.starts(with: [0xFF, 0x52, 0x49, 0xFF]), stream.count >= 24 else { return nil }
            position = 24
        }
        while position < stream.count {
            let rest = stream[position...]
            if format == .native, rest.elementsEqual(goodbye) { return payloads }
            guard rest.count >= format.headerLength else { return nil }
            var word = Array(rest.prefix(format == .native ? 4 : format.headerLength))
            if isBig(format) { word.reverse() }
            let length = word.reversed().reduce(0) { $0 << 8 | Int($1) }
            let encoded = format.headerLength + (format == .native ? (length + 7) / 8 * 8 : length)
            guard rest.count >= encoded else { return nil }
            payloads.append(Array(rest.dropFirst(format.headerLength).prefix(length)))
            position += encoded
        }
        return format == .native ? nil : payloads
    }
}

/// Content that tells one frame from another, fast to make and to check also in a debug build.
enum Pattern {
    private static let block: [UInt8] = {
        var random = SeededRandom(seed: 0x52_49_4E_47)
        return (0..<(1 << 16)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }()

    static func bytes(_ count: Int, seed: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var start = start(seed)
        while result.count < count {
            let piece = min(block.count - start, count - result.count)
            result.append(contentsOf: block[start..<(start + piece)])
            start = 0
        }
        return result
    }

    private static func start(_ seed: Int) -> Int { seed &* 40_503 & 0xFFFF }

    static func matches(_ frame: FrameView, count: Int, seed: Int) -> Bool {
        guard frame.count == count else { return false }
        let expected = bytes(count, seed: seed)
        return unsafe frame.bytes.withUnsafeBytes { unsafe $0.elementsEqual(other: expected) }
    }
}

extension UnsafeRawBufferPointer {
    /// With memcmp: element by element takes a second for a few mebibytes without the optimizer.
    func elementsEqual(other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        guard count > 0 else { return true }
        return unsafe other.withUnsafeBytes { unsafe compareMemory(self, $0) }
    }
}

extension Connection {
    mutating func sendPattern(_ count: Int, seed: Int) throws {
        let bytes = Pattern.bytes(count, seed: seed)
        unsafe try send(bytes.span.bytes)
    }
}

extension Outbound {
    mutating func sendPattern(_ count: Int, seed: Int) throws(TransportError) {
        let bytes = Pattern.bytes(count, seed: seed)
        unsafe try send(bytes.span.bytes)
    }
}
