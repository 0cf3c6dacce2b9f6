import Testing

@testable import ringipc_bench

@Suite struct PageTests {
    /// The repository, from where this file stands in it.
    private static let root = #filePath.split(separator: "/").dropLast(4).map { "/\($0)" }.joined()

    /// Ours, its limit, and a library that is slower in streams.
    private func results(peer rate: Double = 1e6, disturbed: Int = 0, name: String = "zeromq") throws -> ResultFolder {
        var work = CaseResults(title: "stream, blocking, 64 B")
        for trial in 1...7 {
            for (contender, own) in [("epoll", 20e6), ("C epoll", 25e6), (name, rate)] {
                var result = ScenarioResult(scenario: "stream")
                result.size = 64
                result.wait = "block"
                result.messagesPerSecond = own * (1 + Double(trial) / 1000)
                result.cpuPerMessageOfClient = 1
                result.cpuPerMessageOfServer = 2
                if contender == "epoll" { result.backend = contender }
                if contender == "C epoll" { result.kind = "epoll" }
                if contender == name { result.peer = name }
                if contender == name, trial <= disturbed { result.disturbances = ["steal 3.1 % of the CPU time"] }
                work.add(
                    TrialRecord(
                        title: work.title, contender: contender, trial: trial, reference: contender == "epoll" ? "C epoll" : nil,
                        result: result))
            }
        }
        var environment = try ResultFolder("\(Self.root)/results/2026-11-24-two-cpu-vm").environment
        environment.peers = [name: "4.3.4", "qt": "missing (Debian package qt6-base-dev)"]
        return ResultFolder(path: "/nowhere", environment: environment, cases: [work])
    }

    @Test func `the README shows the figures of the results that it names`() throws {
        let readme = try #require(SystemFile.text("\(Self.root)/README.md"))
        let section = try FigureSection(in: readme)
        let results = try ResultFolder("\(Self.root)/\(section.folder)")
        #expect(section.figures == ReadmeFigures(results: results).text(folder: section.folder))
    }

    @Test func `figures are replaced between their marks, and nothing else is`() throws {
        let text = "before\n<!-- figures: results/a -->\nold\n<!-- end of figures -->\nafter"
        var section = try FigureSection(in: text)
        #expect(section.folder == "results/a" && section.figures == "old\n" && section.text == text)
        section.folder = "results/b"
        section.figures = "new\n"
        #expect(section.text == "before\n<!-- figures: results/b -->\nnew\n<!-- end of figures -->\nafter")
        #expect(throws: BenchmarkFailure.self) { try FigureSection(in: "<!-- end of figures -->") }
    }

    @Test func `a slower library is told by how much, a missing one by what would bring it`() throws {
        let summary = Summary(results: try results())
        #expect(summary.text.contains("20.0 (20.0–20.0)"))
        #expect(summary.text.contains("In none of the 1 cases"))
        #expect(summary.text.contains("Not measured: qt: missing (Debian package qt6-base-dev)."))
        #expect(summary.text.contains("98.4 % with 7 trials"))
    }

    @Test func `where another library wins, the tables say so`() throws {
        let text = Summary(results: try results(peer: 40e6)).text
        #expect(text.contains("0.500 (0.500–0.500), zeromq is faster"))
        #expect(text.contains("- stream, blocking, 64 B: zeromq is 2.00 (2.00–2.00) times as fast as epoll"))
    }

    @Test func `figures of mostly disturbed trials are marked`() throws {
        #expect(!Summary(results: try results(disturbed: 3)).text.contains("†"))
        #expect(Summary(results: try results(disturbed: 4)).text.contains("† zeromq: 4 of 7 trials disturbed"))
    }

    @Test func `no text of the results becomes a part of the page's language`() throws {
        let page = try Page(results: try results(name: "<b>&\"it's\""), gnuplot: nil).text
        #expect(page.contains("&lt;b&gt;&amp;&quot;it&#39;s&quot;") && !page.contains("<b>"))
    }

    @Test func `without gnuplot the page has its numbers and says what is missing`() throws {
        #expect(Gnuplot(searchPath: "/nowhere") == nil)
        let page = try Page(results: try results(), gnuplot: nil).text
        #expect(page.contains("gnuplot is not installed") && page.contains("<details open>") && !page.contains("<svg"))
    }

    @Test func `names of curves keep their order and do not touch`() {
        let places = CurvesScript.spread([0.5, 0.99, 0.5, 1], apart: 0.1)
        #expect(places[3] == 1 && places[1] <= 0.9 && abs(places[0] - places[2]) >= 0.0999)
        #expect(CurvesScript.spread([], apart: 0.1) == [])
    }

    @Test func `axes begin and end at round values`() {
        let scaling = Scaling(Axis(label: ""), values: [3.3, 61_000])
        #expect(scaling.range == 2...100_000)
        #expect(scaling.ticks.map(\.label) == ["10", "100", "1,000", "10 k", "100 k"])
        #expect(Scaling(Axis(label: "", scale: .linear), values: [37]).ticks.map(\.label) == ["0", "10", "20", "30", "40"])
    }

    @Test func `a file of percentiles is read back`() {
        let file = HistogramFile(
            """
                   Value     Percentile TotalCount 1/(1-Percentile)

                   1.500 0.500000000000          5           2.00
                   9.000 1.000000000000         10
            #[Mean    =        2.000, StdDeviation   =        1.000]
            """)
        #expect(file.rows == [HistogramFile.Row(value: 1.5, share: 0.5), HistogramFile.Row(value: 9, share: 1)])
        #expect(file.value(at: 0.5) == 1.5 && file.value(at: 0.9) == 9)
    }
}
