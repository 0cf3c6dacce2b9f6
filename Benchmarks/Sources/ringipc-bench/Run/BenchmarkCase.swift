internal import RingIPC

/// One table of a run: several contenders at the same work.
struct BenchmarkCase {
    let title: String
    let scenario: ScenarioRun.Scenario
    let wait: WaitChoice
    let size: Int
    /// Messages; a fan-in is bounded by time instead.
    let count: Int
    let cpus: CPUPair
    let trials: Int
    let contenders: [Contender]
}

/// Who is measured: a backend of the library, or a C program that shows what the kernel gives.
enum Contender: Hashable {
    case backend(BackendChoice)
    case limit(kind: String)

    var name: String {
        switch self {
        case .backend(let backend): backend.rawValue
        case .limit(let kind): "C \(kind)"
        }
    }

    /// One trial, in processes of its own, so that no trial inherits another's memory.
    func measure(_ work: BenchmarkCase, counting: Bool) throws -> ScenarioResult {
        switch self {
        case .backend(let backend):
            let options = ScenarioOptions(
                backend: backend, wait: work.wait, size: work.size, count: work.count, warmup: work.count / 10 + 100)
            var arguments = work.scenario.command + options.arguments + ["--pin", work.cpus.argument, "--json", "--histogram"]
            if !counting { arguments.append("--skip-counting-trial") }
            let child = try ChildProcess(Tool.path, arguments)
            return try JSONLine.decode(ScenarioResult.self, from: child.finish(within: 120))
        case .limit(let kind):
            var run = LimitRun(scenario: .pingpong, kind: kind, size: work.size, count: work.count, cpus: work.cpus)
            switch work.scenario {
            case .pingpong, .pace, .idle: break
            case .connect: run.scenario = .connect
            case .burst(let messages):
                run.scenario = .burst
                run.burst = messages
            case .rate(let load):
                run.scenario = .rate
                run.load = load
            case .depth(let depth):
                run.scenario = .depth
                run.depth = depth
            case .stream: run.scenario = .stream
            case .fanin(let connections, let seconds):
                run.scenario = .fanin
                run.connections = connections
                run.seconds = seconds
            }
            return try run.measure()
        }
    }

    /// The C program that does the same with the same calls.
    func reference(in work: BenchmarkCase) -> Contender? {
        guard case .backend(let backend) = self else { return nil }
        let kind: String
        switch backend {
        case .epoll: kind = "epoll"
        case .ioUring: kind = "uring"
        default: kind = "recv"
        }
        switch work.scenario {
        case .pace, .idle: return nil
        case .stream, .fanin: return .limit(kind: kind)
        case .connect: return .limit(kind: "recv-block")
        case .pingpong, .burst, .rate, .depth: return .limit(kind: kind + (work.wait == .spin ? "-spin" : "-block"))
        }
    }
}
