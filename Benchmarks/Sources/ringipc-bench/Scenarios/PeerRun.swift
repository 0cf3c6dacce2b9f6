/// One trial of another library. Both of its processes are its program.
struct PeerRun {
    let peer: PeerProgram
    let scenario: ScenarioRun.Scenario
    var wait = WaitChoice.block
    var size = 64
    /// Messages; bursts of a burst, connections of a connect.
    var count: Int
    var warmup: Int
    /// Messages between two flushes.
    var batch = 1
    let cpus: CPUPair
    var countsSystemCalls = false

    func measure() throws -> ScenarioResult { throw BenchmarkFailure("\(peer.name) cannot be measured yet") }
}
