import RingIPCTesting
import Testing

/// The model answers as Linux does. What Linux does is asked in a process of its own: a child that another test is just starting has every
/// descriptor for a moment, and a close would do nothing meanwhile.
@Suite struct LinuxTests {
    @Test(arguments: Script.all)
    func `the model answers as the script says`(_ script: Script) throws {
        let sockets = SimulatedSockets(seed: 1)
        #expect(script.differences(on: sockets) == [])
        try sockets.model.finish()
    }

    @Test func `Linux answers as the scripts say`() async {
        await #expect(processExitsWith: .success) {
            let differences = Script.all.enumerated().flatMap { $1.differences(on: LinuxSockets(name: "script-\($0)")) }
            #expect(differences == [], "\(differences)")
        }
    }

    @Test func `the model answers random calls as Linux does`() async {
        await #expect(processExitsWith: .success) {
            var answers: [String: Int] = [:]
            for seed in 1...150 as ClosedRange<UInt64> {
                var script = RandomScript(seed: seed)
                // An issue of another process comes with its comment only.
                if let difference = script.firstDifference(in: 400) { Issue.record("seed \(seed): \(difference)") }
                answers.merge(script.answers, uniquingKeysWith: +)
            }
            // Random calls that hardly ever get anywhere would prove nothing.
            let expected = [
                "send more", "send -11", "send -32", "receive more", "receive 0", "receive -11", "receive -104", "drain 0", "drain -11",
                "fill -11",
                "fill -32", "connect -11", "accept -11", "peek more", "unread more", "unread 0",
            ]
            let rare = expected.filter { answers[$0, default: 0] < 10 }
            #expect(rare == [], "\(rare) in \(answers)")
        }
    }
}
