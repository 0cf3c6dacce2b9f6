/// A Markdown table whose columns are aligned, so that it reads as well on a terminal. All but the first column are figures and
/// stand to the right.
struct Table {
    private var rows: [[String]]
    private let textColumns: Int

    /// - Parameter textColumns: how many columns from the left hold text.
    init(_ titles: [String], textColumns: Int = 1) {
        rows = [titles]
        self.textColumns = textColumns
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            "| " + row.indices.map { pad(row[$0], widths[$0], isText: $0 < textColumns) }.joined(separator: " | ") + " |"
        }
        let rule = widths.indices.map { column in
            let dashes = String(repeating: "-", count: widths[column] + 1)
            return column < textColumns ? dashes + "-" : dashes + ":"
        }
        lines.insert("|" + rule.joined(separator: "|") + "|", at: 1)
        return lines.joined(separator: "\n") + "\n"
    }

    private func pad(_ cell: String, _ width: Int, isText: Bool) -> String {
        let space = String(repeating: " ", count: width - cell.count)
        return isText ? cell + space : space + cell
    }
}
