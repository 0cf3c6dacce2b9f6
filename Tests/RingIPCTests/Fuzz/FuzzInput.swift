/// Takes an input apart: some bytes decide how it is used, the rest is used.
@safe
struct FuzzInput {
    private var rest: UnsafeRawBufferPointer.SubSequence

    init(_ bytes: UnsafeRawBufferPointer) { unsafe rest = unsafe bytes[...] }

    /// The next byte, or 0 when there is none.
    mutating func byte() -> Int {
        guard let first = unsafe rest.popFirst() else { return 0 }
        return Int(first)
    }

    /// Lengths of pieces: their number and then a byte for each, up to 128 or else a multiple of 64.
    mutating func pieceLengths() -> PieceLengths {
        let count = byte() & 7
        return PieceLengths(lengths: (0..<count).map { _ in byte() }.map { $0 < 128 ? $0 + 1 : ($0 - 127) * 64 })
    }

    func remaining() -> [UInt8] { unsafe Array(rest) }
}

/// How a stream is cut. The lengths repeat, up to a number of pieces that keeps an input fast; without any it is one piece.
struct PieceLengths {
    private static let maximumCount = 32
    let lengths: [Int]

    func ranges(in count: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < count {
            let isLast = lengths.isEmpty || ranges.count == Self.maximumCount - 1
            let end = isLast ? count : min(count, start + lengths[ranges.count % lengths.count])
            ranges.append(start..<end)
            start = end
        }
        return ranges
    }
}
