/// For each thing that can be written, how much of it is known: a vector of eight small numbers in one word.
struct View: Hashable {
    private(set) var bits: UInt64 = 0

    subscript(index: Int) -> UInt64 {
        get { bits >> UInt64(8 * index) & 0xFF }
        set { bits = bits & ~(0xFF << UInt64(8 * index)) | newValue << UInt64(8 * index) }
    }

    func union(_ other: View) -> View {
        if bits == other.bits { return self }
        var union = View()
        for index in 0..<8 { union[index] = max(self[index], other[index]) }
        return union
    }

    /// Only the first `count` numbers.
    func keeping(_ count: Int) -> View { View(bits: bits & (1 << UInt64(8 * count) - 1)) }
}
