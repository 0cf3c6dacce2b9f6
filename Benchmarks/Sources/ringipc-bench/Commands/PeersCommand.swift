internal import ArgumentParser

struct PeersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "Other libraries under the same work, same output.",
        discussion: """
            Without a scenario all that each peer can do are run. Each peer waits in each way that it has; --wait block or spin is \
            only one. 'make peers' builds those whose library is there.
            """)

    enum Scenario: String, CaseIterable, ExpressibleByArgument {
        case pingpong, stream, burst, rate, depth, connect, fanin, idle
    }

    @Argument(help: "Which scenarios.")
    var scenarios = Scenario.allCases

    @Option(help: "Only this peer.")
    var peer: String?

    @Flag(help: "Print which peers there are, and what they say about themselves.")
    var list = false

    @Option(help: "Messages between two flushes; by default the one nearest to 256 of those that the peer names.")
    var batch: Int?

    @OptionGroup var common: CommonOptions
    @OptionGroup var burst: BurstOptions
    @OptionGroup var rate: RateOptions
    @OptionGroup var depth: DepthOptions
    @OptionGroup var fanin: FaninOptions

    func validate() throws {
        if let peer, PeerProgram.named(peer) == nil {
            let known = PeerProgram.known.map(\.name).joined(separator: ", ")
            throw ValidationError("--peer: one of \(known), not '\(peer)'")
        }
        guard (1...1_000_000).contains(batch ?? 1) else { throw ValidationError("--batch must be between 1 and 1000000") }
    }

    func run() throws {
        let survey = PeerProgram.survey().filter { peer == nil || $0.program.name == peer }
        if list { return try printList(survey) }
        let cpus = try common.cpus()
        var results: [ScenarioResult] = []
        for scenario in scenarios {
            for report in survey {
                guard let about = report.about, about.scenarios.contains(scenario.rawValue) else { continue }
                for wait in waits(of: about) {
                    var result = try run(scenario, report.program, about, wait, cpus).measure()
                    if !common.histogram { result.histogram = nil }
                    if common.json { try ResultPrinter.printResults([result], json: true) }
                    results.append(result)
                }
            }
        }
        for report in survey where report.about == nil { StandardError.line("note: \(report.program.name): \(report.version)") }
        if !common.json { try ResultPrinter.printResults(results, json: false) }
    }

    private func waits(of about: PeerAbout) -> [WaitChoice] {
        let all = about.waits.compactMap(WaitChoice.init)
        return common.wait == .adaptive ? all : all.filter { $0 == common.wait }
    }

    private func run(
        _ scenario: Scenario, _ peer: PeerProgram, _ about: PeerAbout, _ wait: WaitChoice, _ cpus: CPUPair
    ) -> PeerRun {
        let (work, count) = work(scenario)
        return PeerRun(
            peer: peer, scenario: work, wait: wait, size: common.size, count: count, warmup: common.warmup ?? count / 10 + 1,
            batch: batch ?? about.batch(near: 256), cpus: cpus, countsSystemCalls: common.countSystemCalls)
    }

    /// And how many messages, bursts or connections: a tenth or less of those for the library.
    private func work(_ scenario: Scenario) -> (ScenarioRun.Scenario, count: Int) {
        switch scenario {
        case .pingpong: (.pingpong, common.count ?? 5000)
        case .stream: (.stream, common.count ?? max(200, min(300_000, (1 << 28) / (common.size + 16))))
        case .burst: (.burst(messages: burst.burst), common.count ?? max(10, min(500, 200_000 / burst.burst)))
        case .rate:
            (.rate(rate.load(seconds: fanin.seconds)), common.count ?? rate.load(seconds: fanin.seconds).count)
        case .depth: (.depth(depth.depth), common.count ?? 20_000)
        case .connect: (.connect, common.count ?? 1000)
        case .fanin: (.fanin(connections: fanin.connections, seconds: fanin.seconds), 1)
        case .idle: (.idle(connections: fanin.connections), 1)
        }
    }

    private struct Line: Encodable {
        let peer: String
        let version: String
        var waits: [String]?
        var scenarios: [String]?
        var batches: [Int]?
        var options: String?
    }

    private func printList(_ survey: [PeerReport]) throws {
        var table = Table(["peer", "version", "waits", "batches", "options"], textColumns: 5)
        for report in survey {
            let about = report.about
            if common.json {
                let line = Line(
                    peer: report.program.name, version: report.version, waits: about?.waits, scenarios: about?.scenarios,
                    batches: about?.batches, options: about?.options)
                StandardOutput.line(try JSONLine.encode(line))
            }
            table.add([
                report.program.name, report.version, about?.waits.joined(separator: ", ") ?? "",
                about?.batches.map(String.init).joined(separator: ", ") ?? "", about?.options ?? "",
            ])
        }
        if !common.json { StandardOutput.write(table.text) }
    }
}
