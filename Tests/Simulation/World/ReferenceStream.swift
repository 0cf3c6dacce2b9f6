import RingIPC

/// The wire format once more, slow and obvious, written from its document: for peers that are no RingIPC. Messages in bytes without frames
/// look as `MessageCutter` has them.
struct ReferenceStream {
    let format: FrameFormat

    var isNative: Bool { format == .native }

    var hello: [UInt8] {
        guard isNative else { return [] }
        return [0xFF, 0x52, 0x49, 0xFF, 1, 0, 16, 0] + [UInt8](repeating: 0, count: 8) + little(1 << 20) + [0, 0, 0, 0]
    }

    var goodbye: [UInt8] { isNative ? [0, 0, 0, 0, 1, 0, 0, 0] : [] }

    func frame(_ payload: [UInt8]) -> [UInt8] {
        let length = little(UInt32(payload.count)) + [0, 0, 0, 0]
        let header = isLittle ? Array(length.prefix(headerLength)) : length.prefix(headerLength).reversed()
        return header + payload + [UInt8](repeating: 0, count: isNative ? (8 - payload.count % 8) % 8 : 0)
    }

    private var headerLength: Int {
        switch format {
        case .native, .lengthPrefixed(_, .eight): 8
        case .lengthPrefixed(_, .two): 2
        case .lengthPrefixed(_, .four), .qByteArray, .bytes: 4
        }
    }

    private var isLittle: Bool {
        switch format {
        case .lengthPrefixed(.big, _), .qByteArray: false
        case .native, .lengthPrefixed(.little, _), .lengthPrefixed(.host, _), .bytes: true
        }
    }

    private func little(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    /// The payloads of all whole data frames, and whether the stream ended with a goodbye.
    func read(_ stream: [UInt8]) -> (payloads: [[UInt8]], saidGoodbye: Bool) {
        var rest = stream[...]
        var payloads: [[UInt8]] = []
        if isNative {
            guard rest.count >= 24 else { return ([], false) }
            rest = rest.dropFirst(24)
        }
        while rest.count >= headerLength {
            let digits = rest.prefix(isNative ? 4 : headerLength)
            let length = (isLittle ? Array(digits.reversed()) : Array(digits)).reduce(0) { $0 << 8 | Int($1) }
            if isNative, rest[rest.startIndex + 4] == 1 { return (payloads, true) }
            let padding = isNative ? (8 - length % 8) % 8 : 0
            guard rest.count >= headerLength + length + padding else { break }
            payloads.append(Array(rest.dropFirst(headerLength).prefix(length)))
            rest = rest.dropFirst(headerLength + length + padding)
        }
        return (payloads, false)
    }
}
