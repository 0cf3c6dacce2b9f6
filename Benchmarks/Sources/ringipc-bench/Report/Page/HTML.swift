/// Text becomes HTML here, and nowhere else.
enum HTML {
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    static func paragraph(_ text: String) -> String { "<p>\(escape(text))</p>\n" }

    /// A wide one scrolls by itself on a narrow screen, with the keyboard, too.
    static func table(_ table: Table, name: String) -> String {
        let rows = table.rows.dropFirst().map { row in
            "<tr>" + row.enumerated().map { cell($1, column: $0, of: table) }.joined() + "</tr>\n"
        }
        let titles = table.rows[0].enumerated().map { "<th scope=\"col\"\(kind($0, of: table))>\(escape($1))</th>" }
        return """
            <div class="table" tabindex="0" role="region" aria-label="\(escape(name))"><table>
            <thead><tr>\(titles.joined())</tr></thead>
            <tbody>
            \(rows.joined())</tbody>
            </table></div>

            """
    }

    private static func cell(_ text: String, column: Int, of table: Table) -> String {
        column == 0 ? "<th scope=\"row\">\(escape(text))</th>" : "<td\(kind(column, of: table))>\(escape(text))</td>"
    }

    private static func kind(_ column: Int, of table: Table) -> String { column < table.textColumns ? " class=\"text\"" : "" }
}
