import Glibc

@testable import RingIPC

/// SplitMix64: a few lines, any seed is a good one, and the same seed gives the same run on every machine.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func bool(oneIn count: Int) -> Bool { number(1...count) == 1 }

    mutating func bytes(_ count: Int) -> [UInt8] {
        // In words: tests are built without optimization, and some of them want megabytes.
        var words: [UInt64] = []
        for _ in 0..<((count + 7) / 8) { words.append(next()) }
        return unsafe words.withUnsafeBytes { unsafe Array($0.prefix(count)) }
    }

    /// Lengths around the places where something changes: zero, a word, a page.
    mutating func length(upTo maximum: Int) -> Int {
        let interesting = [0, 1, 7, 8, 9, 15, 16, 17, 4_088, 4_095, 4_096, 4_097, maximum - 1, maximum]
        let length = bool(oneIn: 3) ? interesting[number(0...(interesting.count - 1))] : number(0...maximum)
        return min(max(length, 0), maximum)
    }

    /// `bytes` in pieces of random lengths, sometimes single bytes.
    mutating func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        let longest = [1, 3, 20, max(1, bytes.count)][number(0...3)]
        while start < bytes.count {
            let end = min(bytes.count, start + number(1...longest))
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }
}

/// The bytes of a borrowed span, to compare them.
func array(_ bytes: RawSpan) -> [UInt8] { unsafe bytes.withUnsafeBytes { unsafe Array($0) } }

/// Whether the memory holds exactly these bytes. One call, where a comparison element by element takes seconds in a test build.
func holds(_ memory: UnsafeRawBufferPointer, _ bytes: [UInt8]) -> Bool {
    unsafe memory.count == bytes.count && (bytes.isEmpty || memcmp(memory.baseAddress!, bytes, bytes.count) == 0)
}

/// The error that `body` throws; `nil` when it throws none.
func transportError(_ body: () throws(TransportError) -> Void) -> TransportError? {
    do { try body() } catch { return error }
    return nil
}
