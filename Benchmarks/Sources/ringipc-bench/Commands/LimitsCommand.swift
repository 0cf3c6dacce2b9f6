internal import ArgumentParser

struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "The C limit programs: what the kernel gives with nothing in between.",
        discussion: "Without a scenario all of them run. The kinds are those of the C program; see Benchmarks/Limits.")

    @Argument(help: "Which limits.")
    var scenarios = LimitRun.Scenario.allCases

    @Option(help: "Only this way of moving the bytes.")
    var kind: String?

    @OptionGroup var common: CommonOptions
    @OptionGroup var burst: BurstOptions
    @OptionGroup var rate: RateOptions
    @OptionGroup var depth: DepthOptions
    @OptionGroup var load: FaninOptions

    func validate() throws {
        guard let kind else { return }
        let known = scenarios.flatMap(\.kinds)
        guard known.contains(kind) else {
            throw ValidationError("--kind: one of \(known.joined(separator: ", ")), not '\(kind)'")
        }
    }

    func run() throws {
        let cpus = try common.cpus()
        var results: [ScenarioResult] = []
        for scenario in scenarios {
            let kinds = scenario.kinds.filter { kind == nil || kind == $0 }
            for kind in kinds {
                let run = LimitRun(
                    scenario: scenario, kind: kind, framing: common.framing, size: common.size, count: common.count,
                    burst: burst.burst, load: rate.load(seconds: load.seconds), depth: depth.depth, connections: load.connections,
                    seconds: load.seconds, cpus: cpus)
                var result = try run.measure()
                if !common.histogram { result.histogram = nil }
                if common.json { try ResultPrinter.printResults([result], json: true) }
                results.append(result)
            }
        }
        if !common.json { try ResultPrinter.printResults(results, json: false) }
    }
}

extension LimitRun.Scenario: ExpressibleByArgument {}
