/// A file of the percentile format that HdrHistogram's tools read: a value, the share of values up to it, and counts, in columns.
struct HistogramFile {
    struct Row: Equatable {
        let value: Double
        let share: Double
    }

    let rows: [Row]

    /// Head and comments are the lines that do not begin with two numbers.
    init(_ text: String) {
        rows = text.split(separator: "\n").compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count >= 2, let value = Double(columns[0]), let share = Double(columns[1]) else { return nil }
            return Row(value: value, share: share)
        }
    }

    /// The least value of which at least this share of all is no greater.
    func value(at share: Double) -> Double? { rows.first { $0.share >= share }?.value }
}
