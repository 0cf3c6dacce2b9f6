/// A table, as Markdown whose columns are aligned, so that it reads as well on a terminal, and as HTML. All but the first column
/// are figures and stand to the right.
struct Table: Equatable {
    private(set) var rows: [[String]]
    let textColumns: Int

    /// - Parameter textColumns: how many columns from the left hold text.
    init(_ titles: [String], textColumns: Int = 1) {
        rows = [titles]
        self.textColumns = textColumns
    }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// Nothing but titles.
    var isEmpty: Bool { rows.count == 1 }

    var text: String {
        let cells = rows.map { row in row.map { $0.replacing("|", with: "\\|") } }
        let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        var lines = cells.map { row in
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
