/// How many messages make a trial of the wanted length. What is measured differs by a factor of 1000 from contender to contender and
/// from machine to machine; a fixed number would be too short for some and take minutes for others.
struct Calibration {
    let work: BenchmarkCase
    let contender: Contender

    /// Of the wanted length: enough to see the speed.
    static let probeShare = 0.2
    /// A probe shorter than that share of its own aim says little, since what happens once is too much of it.
    private static let shortestShare = 0.1
    private static let probes = 3
    private static let least = 10

    /// From short trials, whose figures nobody keeps. They also bring the programs into memory.
    func count() throws -> Int {
        if let fixed = work.fixedCount { return fixed }
        var rate = Self.expectedRate(of: contender, in: work)
        for _ in 0..<Self.probes {
            let count = max(Self.least, Int(rate * work.seconds * Self.probeShare))
            let seconds = try Trial(work: work, contender: contender, count: count).measure().seconds ?? 0
            guard seconds > 0 else { throw BenchmarkFailure("\(contender.name) does not say how long it took") }
            rate = Double(count) / seconds
            if seconds >= work.seconds * Self.probeShare * Self.shortestShare { break }
        }
        return max(Self.least, Int(rate * work.seconds))
    }

    /// A second, roughly: where the search starts.
    static func expectedRate(of contender: Contender, in work: BenchmarkCase) -> Double {
        let messages =
            switch work.scenario {
            case .pingpong: work.wait == .spin ? 100_000.0 : 20_000
            case .connect: 5_000.0
            case .burst: 1_000.0
            case .depth(let depth): 20_000 * Double(min(depth, 64))
            default: Double(1 << 32) / Double(work.size + 16)
            }
        guard contender.library != nil else { return messages }
        switch work.scenario {
        case .stream: return messages / 100
        case .burst: return messages / 5
        default: return messages / 3
        }
    }
}
