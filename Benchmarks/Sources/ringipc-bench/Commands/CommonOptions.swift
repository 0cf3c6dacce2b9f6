internal import ArgumentParser
internal import RingIPC

extension Framing: ExpressibleByArgument {}
extension WaitChoice: ExpressibleByArgument {}

/// What the scenarios have in common.
struct CommonOptions: ParsableArguments {
    @Option(help: "How the length of a frame is written.")
    var framing = Framing.native

    @Option(help: "What moves the bytes: an interface of the kernel, or shared memory.")
    var backend = MeasuredBackend.automatic

    @Option(help: "How a process waits for a message.")
    var wait = WaitChoice.adaptive

    @Option(help: ArgumentHelp("The payload of a message.", valueName: "bytes"))
    var size = 64

    @Option(help: "Messages that are measured; by default so many that it takes about half a second.")
    var count: Int?

    @Option(help: ArgumentHelp("The CPUs of client and server; by default two physical cores.", valueName: "a,b"))
    var pin: CPUPair?

    @Flag(help: "Print one JSON object per line and nothing else.")
    var json = false

    @Option(help: .hidden)
    var warmup: Int?

    @Flag(help: .hidden)
    var countSystemCalls = false

    @Flag(help: .hidden)
    var skipCountingTrial = false

    /// Also in what is printed.
    @Flag(help: .hidden)
    var histogram = false

    /// Years of streaming, and no sum of two of them overflows.
    private static let largestCount = 1 << 60

    func validate() throws {
        let largest = min(FrameFormat.largestFrameLength, 1 << 30)
        guard (1...largest).contains(size) else { throw ValidationError("--size must be between 1 and \(largest)") }
        guard (1...Self.largestCount).contains(count ?? 1) else {
            throw ValidationError("--count must be between 1 and \(Self.largestCount)")
        }
        guard (0...Self.largestCount).contains(warmup ?? 0) else {
            throw ValidationError("--warmup must be between 0 and \(Self.largestCount)")
        }
        if backend == .sharedMemory, framing != .native {
            throw ValidationError("--backend shared-memory needs --framing native: the others have no hello in which to agree on it")
        }
        if let pin { try CPUSet.current().check(pin) }
    }

    /// - Parameter count: how many messages when nothing was said.
    func scenario(defaultCount count: Int, warmup: (Int) -> Int) -> ScenarioOptions {
        let count = self.count ?? count
        return ScenarioOptions(
            framing: framing, backend: backend, wait: wait, size: size, count: count, warmup: self.warmup ?? warmup(count),
            countsSystemCalls: countSystemCalls)
    }

    var pingpong: ScenarioOptions { scenario(defaultCount: Self.roundTripCount(size: size)) { min($0 / 10 + 100, 5000) } }

    func depth(_ depth: Int) -> ScenarioOptions {
        scenario(defaultCount: 5 * Self.roundTripCount(size: size)) { min($0 / 10 + 10 * depth, 20_000) }
    }

    /// Counts bursts.
    func burst(of messages: Int) -> ScenarioOptions {
        scenario(defaultCount: max(20, min(1000, 2_000_000 / messages))) { $0 / 10 + 1 }
    }

    func rate(_ load: RateLoad) -> ScenarioOptions { scenario(defaultCount: load.count) { $0 / 10 } }

    /// Counts connections.
    var connect: ScenarioOptions { scenario(defaultCount: 2000) { $0 / 10 + 1 } }

    func pace(_ step: PaceStep) -> ScenarioOptions { scenario(defaultCount: step.defaultCount) { min($0 / 10 + 10, 1000) } }

    var stream: ScenarioOptions { scenario(defaultCount: Self.streamCount(size: size)) { $0 / 10 + 1 } }

    /// A server of any number of clients counts nothing down.
    var server: ScenarioOptions { scenario(defaultCount: 1_000_000) { _ in 0 } }

    /// About half a second at what memory bandwidth and the cost of a message allow.
    static func streamCount(size: Int) -> Int { max(1000, min(30_000_000, (2 << 30) / (size + 16))) }

    /// The same for round trips, where the time between the processes is more than that of a message.
    static func roundTripCount(size: Int) -> Int { max(200, min(20_000, (1 << 30) / (size + 16))) }

    /// The given pair or the default one. What a reader must know about it is said, unless only JSON is wanted.
    func cpus() throws -> CPUPair {
        let set = try CPUSet.current()
        let pair = pin ?? set.defaultPair
        if !json, let note = set.note(on: pair) { StandardError.line("note: \(note)") }
        return pair
    }
}

extension ScenarioOptions {
    /// The command line that gives these options to a peer.
    var arguments: [String] {
        var arguments = [
            "--framing", framing.rawValue, "--backend", backend.rawValue, "--wait", wait.rawValue, "--size", "\(size)", "--count",
            "\(count)", "--warmup", "\(warmup)",
        ]
        if payload != .ordinary { arguments += ["--payload", payload.rawValue] }
        if countsSystemCalls { arguments.append("--count-system-calls") }
        return arguments
    }
}

extension CPUSet {
    /// For what a user has typed.
    func check(_ pair: CPUPair) throws(ValidationError) {
        for cpu in [pair.client, pair.server] where !allowed.contains(cpu) {
            let list = allowed.map(String.init).joined(separator: ",")
            throw ValidationError("--pin: CPU \(cpu) is not one of those that this process may use (\(list))")
        }
    }
}
