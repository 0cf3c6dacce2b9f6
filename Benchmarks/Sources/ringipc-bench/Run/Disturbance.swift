/// What makes a trial one to be read with care. Such a trial is marked and stays in the medians: to drop it would be to choose
/// among the results.
enum Disturbance {
    /// Of the time of the trial on its CPUs, that the host took.
    private static let steal = 0.01
    /// A process that has its CPU to itself meets the threads of the kernel, 100 to 250 times a second where that was looked at.
    private static let involuntarySwitchesPerSecond = 500.0
    /// These libraries run threads of their own, which share the CPU of their process and preempt each other in undisturbed trials too.
    private static let threaded: Set = ["zeromq", "nng", "nio"]

    /// - Parameter seconds: of the whole trial, in which `result.stealNanoseconds` were taken.
    static func all(of result: ScenarioResult, seconds: Double, cpus: CPUPair) -> [String] {
        [stolen(result, seconds: seconds, cpus), migrated(result), preempted(result, cpus)].compactMap { $0 }
    }

    private static func stolen(_ result: ScenarioResult, seconds: Double, _ cpus: CPUPair) -> String? {
        guard let nanoseconds = result.stealNanoseconds, seconds > 0 else { return nil }
        let share = Double(nanoseconds) / 1e9 / (seconds * (cpus.isOneCPU ? 1 : 2))
        return share > steal ? "steal \(Figure.fixed(share * 100, decimals: 1)) % of the CPU time" : nil
    }

    /// Both processes are bound to their CPUs before anything is counted.
    private static func migrated(_ result: ScenarioResult) -> String? {
        guard let migrations = result.migrations, migrations > 0 else { return nil }
        return migrations == 1 ? "1 migration" : "\(migrations) migrations"
    }

    /// On one CPU the two processes of a trial preempt each other.
    private static func preempted(_ result: ScenarioResult, _ cpus: CPUPair) -> String? {
        guard !cpus.isOneCPU, !threaded.contains(result.peer ?? ""), let switches = result.involuntarySwitches,
            let seconds = result.seconds, seconds > 0
        else { return nil }
        let rate = Double(switches) / seconds
        return rate > involuntarySwitchesPerSecond ? "\(Figure.fixed(rate, decimals: 0)) involuntary switches a second" : nil
    }
}
