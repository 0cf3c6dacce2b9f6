/// The results as one HTML file that needs nothing else: no script, no font, no network.
struct Page {
    let results: ResultFolder
    /// `nil` where it is not installed: the page has its tables then.
    let gnuplot: Gnuplot?

    private var environment: Environment { results.environment }

    var text: String {
        get throws {
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <link rel="icon" href="data:,">
            <title>\(HTML.escape(title))</title>
            <style>
            \(PageStyle.text)</style>
            </head>
            <body>
            <header>
            <h1>\(HTML.escape(title))</h1>
            <p class="machine">\(HTML.escape(Summary.machine(environment).joined(separator: " · ")))</p>
            \(environment.note.map { "<p class=\"missing\">This run was \(HTML.escape($0)).</p>\n" } ?? "")\(HTML.paragraph(Summary.method(results)))\
            <nav aria-label="Contents"><ul>
            \(Self.sections.map { "<li><a href=\"#\($0.0)\">\($0.1)</a></li>\n" }.joined())</ul></nav>
            </header>
            <main>
            \(section(0, try pictures))\(section(1, peers))\(section(2, interfaces))\(section(3, tables))\(section(4, method))\(section(5, machine))\
            </main>
            </body>
            </html>

            """
        }
    }

    private var title: String { "RingIPC benchmark, profile \(environment.profile)" }

    private static let sections = [
        ("pictures", "Pictures"), ("peers", "Against other libraries"), ("interfaces", "epoll and io_uring"), ("tables", "All tables"),
        ("method", "Method"), ("machine", "Machine"),
    ]

    private func section(_ number: Int, _ content: String) -> String {
        let (name, title) = Self.sections[number]
        return "<section id=\"\(name)\">\n<h2>\(title)</h2>\n\(content)</section>\n"
    }

    private var interfaces: String {
        let table = Summary.interfaces(results.cases)
        guard !table.isEmpty else { return HTML.paragraph("This run did not measure both.") }
        return HTML.table(table, name: "epoll and io_uring") + HTML.paragraph(Summary.interfacesNote)
    }

    private var peers: String {
        let comparison = PeerComparison(results: results)
        guard !comparison.compared.isEmpty else {
            return HTML.paragraph("This run has no other libraries.") + missing(comparison)
        }
        let tables = comparison.cases.map { "<h3>\(HTML.escape($0.title))</h3>\n" + HTML.table(comparison.table(of: $0), name: $0.title) }
        let wins = comparison.wins.map { "<li>\(HTML.escape($0))</li>\n" }
        return tables.joined() + HTML.paragraph(PeerComparison.explanation) + HTML.paragraph(comparison.verdict)
            + (wins.isEmpty ? "" : "<ul>\n\(wins.joined())</ul>\n") + missing(comparison)
    }

    private func missing(_ comparison: PeerComparison) -> String {
        comparison.missing.isEmpty ? "" : HTML.paragraph("Not measured: \(comparison.missing.joined(separator: "; ")).")
    }

    private var pictures: String {
        get throws {
            let note = "gnuplot is not installed here: the pictures are missing, their numbers are not."
            let head = gnuplot == nil ? "<p class=\"missing\">\(note)</p>\n" : ""
            return head + (try Pictures(results: results).all.map(figure).joined())
        }
    }

    private func figure(_ picture: Picture) throws -> String {
        let drawings = try gnuplot.map { gnuplot in
            try Layout.allCases.map { try Drawing(picture: picture, layout: $0).svg(by: gnuplot) }.joined()
        }
        return """
            <figure id="\(picture.name)">
            <h3>\(HTML.escape(picture.title))</h3>
            \(drawings ?? "")<figcaption>\(HTML.escape(picture.caption))</figcaption>
            <details\(drawings == nil ? " open" : "")><summary>The numbers</summary>
            \(HTML.table(picture.table, name: picture.title))</details>
            </figure>

            """
    }

    private var tables: String {
        results.cases.map { work in
            let notes = Summary.guests(of: work) + work.disturbanceNotes + Summary.notMeasured(work, environment)
            return """
                <details><summary>\(HTML.escape(work.title))</summary>
                \(HTML.table(Summary.table(of: work), name: work.title))\(notes.map(HTML.paragraph).joined())</details>

                """
        }.joined()
    }

    private var method: String {
        [
            """
            Two processes, started anew for each trial, each bound to a CPU. Warm-up is not counted. Contenders take turns trial by trial, so that \
            a drift of the machine meets all of them; ratios are taken trial by trial.
            """,
            """
            A process that sleeps costs nothing and wakes late; one that spins answers at once and burns a CPU. The two are never in one table \
            or picture.
            """,
            """
            The limits are C programs of ours with the same calls, the same framing and the same verification of every byte. Other libraries run \
            the way their own documentation recommends, with the batch that was best for each.
            """,
            "Machines differ; ratios of one run travel better than figures. Greatest times and the last nines are partly the machine's.",
        ].map(HTML.paragraph).joined()
    }

    private var machine: String {
        var table = Table(["", ""], textColumns: 2)
        for (name, value) in facts { table.add([name, value]) }
        return "<div class=\"wrap\">\(HTML.table(table, name: "Machine"))</div>\n"
    }

    private var facts: [(String, String)] {
        let memory = environment.memoryBytes.map { "\(Figure.number(Double($0) / 1_073_741_824)) GiB" }
        let single: [(String, String?)] = [
            ("started", environment.started), ("commit", environment.commit), ("processor", environment.cpuModel),
            ("CPUs", "\(environment.cpuCount), client on \(environment.cpus["client"] ?? 0), server on \(environment.cpus["server"] ?? 0)"),
            ("virtual machine", environment.isVirtualMachine ? "yes" : "no"), ("memory", memory), ("kernel", environment.kernel),
            ("governor", environment.governor), ("clock", environment.clockSource), ("load before", environment.loadAverage),
        ]
        let groups: [(String, [String: String])] = [
            ("", environment.versions), ("backend ", environment.backends), ("library ", environment.peers ?? [:]),
            ("options of ", environment.peerOptions ?? [:]),
            ("the tool's own ns, ", (environment.overhead ?? [:]).mapValues(Figure.number)), ("mitigation ", environment.mitigations),
        ]
        return single.compactMap { name, value in value.map { (name, $0) } }
            + groups.flatMap { prefix, group in group.sorted { $0.key < $1.key }.map { (prefix + $0.key, $0.value) } }
    }
}
