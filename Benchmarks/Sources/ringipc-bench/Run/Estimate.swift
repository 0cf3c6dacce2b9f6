/// How long a run takes, before it has been seen: what a profile promises, and what a progress line starts from.
struct Estimate {
    let work: BenchmarkCase

    /// Two processes start and end.
    private static let processes = 0.06
    private static let warmup = 1.1
    private static let connecting = 50e-6
    private static let countingShare = 0.2

    var seconds: Double { work.contenders.map(seconds).reduce(0, +) }

    /// All trials of one contender.
    func seconds(of contender: Contender) -> Double { firstTrial(of: contender) + trial * Double(work.trials - 1) }

    /// With what goes before it, and the counting of system calls after it. The C programs count their own.
    func firstTrial(of contender: Contender) -> Double {
        if case .limit = contender { calibration + trial } else { calibration + trial + counting }
    }

    /// One trial, as it is timed.
    var trial: Double { Self.processes + Self.warmup * measured }

    private var measured: Double {
        switch work.scenario {
        case .fanin(let connections, let seconds): seconds + Double(connections) * Self.connecting
        case .idle(let connections): 2 + Double(connections) * Self.connecting
        case .pace(.idle): 2.1
        case .pace(.every(let microseconds)): Double((work.fixedCount ?? 0) * microseconds) / 1e6
        case .parse: 0.5
        case .pingpong, .stream, .burst, .depth, .connect, .rate: work.seconds
        }
    }

    private var calibration: Double { work.fixedCount == nil ? Self.processes + Self.warmup * Calibration.probeShare * work.seconds : 0 }

    /// What is long takes not much longer: the counting trial has a tenth of the messages.
    private var counting: Double { Self.processes + Self.warmup * Self.countingShare * min(measured, 0.3) }
}
