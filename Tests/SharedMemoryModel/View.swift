/// For each thing that can be written, how much of it is known: a vector of sixteen small numbers in one word.
struct View: Hashable {
    private(set) var bits: UInt128 = 0

    subscript(index: Int) -> UInt64 {
        get { UInt64(truncatingIfNeeded: bits >> (8 * index)) & 0xFF }
        set { bits = bits & ~(0xFF << (8 * index)) | UInt128(newValue) << (8 * index) }
    }

    func union(_ other: View) -> View {
        if bits == other.bits { return self }
        var union = View()
        for index in 0..<16 { union[index] = max(self[index], other[index]) }
        return union
    }

    /// Only the first `count` numbers.
    func keeping(_ count: Int) -> View { View(bits: bits & (1 << (8 * count) - 1)) }
}
