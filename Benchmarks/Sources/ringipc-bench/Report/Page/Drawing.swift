/// A picture as SVG: what gnuplot draws, made a part of the page.
struct Drawing {
    let picture: Picture
    let layout: Layout

    func svg(by gnuplot: Gnuplot) throws -> String {
        adopt(try gnuplot.run(PlotScript(picture: picture, layout: layout, name: name).text))
    }

    /// Each drawing is twice in the page, and what it refers to must not be.
    private var name: String { "\(picture.name)-\(layout.rawValue)" }

    /// Without the head of a file of its own and the empty groups, with names, colours and title of the page.
    private func adopt(_ output: String) -> String {
        var lines: [Substring] = []
        var isInFilter = false
        for line in output.split(separator: "\n").drop(while: { !$0.hasPrefix("<svg") }) {
            if line.contains("<filter") { isInFilter = true }
            let isDropped = isInFilter || line.hasPrefix("<title>") || line.hasPrefix("<desc>")
            if line.contains("</filter>") { isInFilter = false }
            if isDropped { continue }
            if line == "</g>", lines.last?.hasPrefix("<g fill=\"none\"") == true { lines.removeLast() } else { lines.append(line) }
        }
        var text = lines.map { line in
            line.firstRange(of: "<title>").map { line[..<$0.lowerBound] } ?? line
        }.joined(separator: "\n")
        for ink in Ink.allCases {
            for written in ink.written { text = text.replacing(written, with: "var(\(ink.variable))") }
        }
        for reference in ["gpPt", "gpDot", "gnuplot_canvas"] { text = text.replacing(reference, with: "\(name)-\(reference)") }
        let title = HTML.escape(picture.title)
        return text.replacing("<g id=\"\(name)-gnuplot_canvas\">", with: "<title>\(title)</title>\n<g id=\"\(name)-gnuplot_canvas\">")
            .replacing(
                "xmlns:xlink", with: "role=\"img\" aria-label=\"\(title)\" class=\"\(layout.rawValue)\"\n xmlns:xlink", maxReplacements: 1)
    }
}

/// A drawing for wide screens and paper, and one for phones: letters have the same size in both.
enum Layout: String, CaseIterable {
    case wide, narrow

    var width: Double { self == .wide ? 960 : 420 }

    func columns(_ panels: Int) -> Int { self == .narrow ? 1 : panels == 4 ? 2 : min(panels, 3) }
}
