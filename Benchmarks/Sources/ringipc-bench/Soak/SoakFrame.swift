/// Frame `sequence` of the connection `identity`: both numbers, then a pattern made of them. Its size follows from them too, so an empty
/// frame, which has no room to say whose it is, is known by its place.
///
/// Every byte is known in advance, and every byte is compared: that finds more than a checksum would.
enum SoakFrame {
    static let headerLength = 16
    static let longest = 1 << 20

    /// From 0 bytes to 1 MiB; as many in each power of two. The first frame says who sends, so it is never empty.
    static func size(identity: UInt64, sequence: UInt64) -> Int {
        let bits = key(identity, sequence)
        if sequence > 0, bits & 15 == 0 { return 0 }
        let power = 1 << (4 + Int(bits >> 8 & 0xFF) % 17)
        return min(longest, power + Int(bits >> 16 & 0xF_FFFF) % power)
    }

    static func write(identity: UInt64, sequence: UInt64, to payload: inout MutableRawSpan) {
        guard payload.byteCount > 0 else { return }
        Content.write(key(identity, sequence), to: &payload)
        payload.storeBytes(of: identity.littleEndian, toByteOffset: 0, as: UInt64.self)
        payload.storeBytes(of: sequence.littleEndian, toByteOffset: 8, as: UInt64.self)
    }

    fileprivate static func matches(identity: UInt64, sequence: UInt64, _ payload: RawSpan) -> Bool {
        // The pattern as it goes on behind the two words of the header.
        let rest = key(identity, sequence) &+ 2 &* Content.step
        return Content.matches(rest, payload.extracting(droppingFirst: headerLength))
    }

    private static func key(_ identity: UInt64, _ sequence: UInt64) -> UInt64 {
        var random = SeededRandom(seed: identity &* 0xD6E8_FEB8_6659_FD93 ^ sequence)
        return random.next()
    }
}

/// Checks the frames of one connection: each one, whole, once, in order, and of nobody else.
struct SoakVerifier {
    /// A server learns it from the first frame.
    private(set) var identity: UInt64?
    private(set) var count: UInt64 = 0

    init(identity: UInt64? = nil) { self.identity = identity }

    mutating func check(_ payload: RawSpan) throws(BenchmarkFailure) {
        let identity = if let identity { identity } else { try introduction(payload) }
        let size = SoakFrame.size(identity: identity, sequence: count)
        if payload.byteCount >= SoakFrame.headerLength {
            let (foundIdentity, foundSequence) = (Self.word(0, of: payload), Self.word(8, of: payload))
            guard foundIdentity == identity else {
                throw BenchmarkFailure("a frame of connection \(foundIdentity) arrived on connection \(identity), where \(count) was due")
            }
            guard foundSequence == count else {
                let what = foundSequence < count ? "repeated" : "lost"
                throw BenchmarkFailure("connection \(identity): frame \(foundSequence) arrived where \(count) was due: a frame was \(what)")
            }
        }
        guard payload.byteCount == size else {
            throw BenchmarkFailure("connection \(identity): frame \(count) has \(payload.byteCount) bytes instead of \(size)")
        }
        guard size == 0 || SoakFrame.matches(identity: identity, sequence: count, payload) else {
            throw BenchmarkFailure("connection \(identity): frame \(count) is torn or damaged")
        }
        count += 1
    }

    private mutating func introduction(_ payload: RawSpan) throws(BenchmarkFailure) -> UInt64 {
        guard payload.byteCount >= SoakFrame.headerLength else {
            throw BenchmarkFailure("the first frame of a connection has \(payload.byteCount) bytes and does not say whose it is")
        }
        let found = Self.word(0, of: payload)
        identity = found
        return found
    }

    private static func word(_ offset: Int, of payload: RawSpan) -> UInt64 {
        unsafe payload.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
    }
}
