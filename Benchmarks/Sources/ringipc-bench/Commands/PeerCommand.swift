internal import ArgumentParser
internal import RingIPC

/// The other process of a scenario, started by the tool itself. Its output is `READY` and then one ``SideReport``.
struct PeerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "peer", shouldDisplay: false)

    enum Scenario: String, ExpressibleByArgument {
        case pingpong, stream, burst, rate, fanin
    }

    @Argument var scenario: Scenario
    @Option var listen: String
    @Option var cpu: Int
    @Option var stamps: Int32 = -1
    @Option var burst = 1
    @OptionGroup var load: PayloadOption
    @Option var direction = RateLoad.Direction.oneWay
    @OptionGroup var common: CommonOptions

    func run() throws {
        try CPUSet.pin(to: cpu)
        let endpoint = try Endpoint(listen)
        let report =
            switch scenario {
            case .pingpong: try Pingpong(options: load.applied(to: common.pingpong)).runServer(endpoint, onReady: StandardOutput.ready)
            case .stream:
                try Stream(options: load.applied(to: common.stream), stamps: Stamps(memory: stamps))
                    .runServer(endpoint, onReady: StandardOutput.ready)
            case .burst:
                try Burst(options: common.burst(of: burst), messages: burst, stamps: Stamps(memory: stamps))
                    .runServer(endpoint, onReady: StandardOutput.ready)
            case .rate:
                try Rate(options: common.server, direction: direction, stamps: Stamps(memory: stamps))
                    .runServer(endpoint, onReady: StandardOutput.ready)
            case .fanin: try Server(mode: .echo, options: common.server).run(endpoint, onReady: StandardOutput.ready).report()
            }
        StandardOutput.line(try JSONLine.encode(report))
    }
}
