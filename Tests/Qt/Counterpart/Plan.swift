/// What the two sides of a conversation say to each other: both know it, and check every byte. `plan.h` has the same.
struct Plan: Sendable {
    let form: Form
    /// The length of each message; `nil` for a null one.
    let lengths: [Int?]

    /// - Parameter lengths: as in `0,64x3000,null`.
    init?(_ form: String, _ lengths: String) {
        guard let form = Form(rawValue: form) else { return nil }
        self.form = form
        self.lengths = lengths.split(separator: ",").flatMap { part in
            let pair = part.split(separator: "x")
            return [Int?](repeating: Int(pair[0]), count: pair.count == 2 ? Int(pair[1])! : 1)
        }
    }

    var count: Int { lengths.count }

    func isNull(_ index: Int) -> Bool { lengths[index] == nil }

    func payload(_ index: Int) -> [UInt8] { form.payload(content(index) ?? []) }

    func encoded(_ index: Int) -> [UInt8] { form.encoded(content(index)) }

    /// Bytes that the longest message takes on the wire, at most.
    var longest: Int { 2 * (lengths.compactMap { $0 }.max() ?? 0) + 16 }

    private func content(_ index: Int) -> [UInt8]? {
        lengths[index].map { length in
            (0..<length).map { UInt8(truncatingIfNeeded: index &* 131 &+ $0 &* 7 &+ ($0 >> 8) &* 13 &+ ($0 >> 16) &* 29) }
        }
    }
}
