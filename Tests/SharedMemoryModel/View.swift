/// For each thing that can be written, how much of it is known: two vectors of sixteen small numbers, of the words and of the accesses to places.
struct View: Hashable {
    private var words: UInt128 = 0
    private var accesses: UInt128 = 0

    private static func vector(of index: Int) -> WritableKeyPath<View, UInt128> { index < 16 ? \.words : \.accesses }

    subscript(index: Int) -> UInt64 {
        get { UInt64(truncatingIfNeeded: self[keyPath: Self.vector(of: index)] >> (8 * (index & 15))) & 0xFF }
        set {
            let vector = Self.vector(of: index)
            let shift = 8 * (index & 15)
            self[keyPath: vector] = self[keyPath: vector] & ~(0xFF << shift) | UInt128(newValue) << shift
        }
    }

    func union(_ other: View) -> View {
        if self == other { return self }
        return View(words: Self.union(words, other.words), accesses: Self.union(accesses, other.accesses))
    }

    private static func union(_ one: UInt128, _ other: UInt128) -> UInt128 {
        if one == other { return one }
        var union: UInt128 = 0
        for shift in stride(from: 0, to: 128, by: 8) { union |= max(one >> shift & 0xFF, other >> shift & 0xFF) << shift }
        return union
    }

    /// Only what is known of the words.
    var ofWords: View { View(words: words) }
}
