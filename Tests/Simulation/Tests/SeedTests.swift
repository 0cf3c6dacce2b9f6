import RingIPCTesting
import Simulation
import Testing

@Suite struct SeedTests {
    /// What a run leaves behind: a line for every call, and the digest of all of them.
    private struct Run {
        var lines: [String] = []
        let digest: UInt64

        init(_ seed: UInt64) {
            let world = World(seed: seed)
            var lines: [String] = []
            world.kernel.log = { lines.append($0) }
            world.run()
            world.kernel.log = nil
            digest = world.kernel.digest
            self.lines = lines
        }

        func calls(_ name: String) -> Bool { lines.contains { $0.contains("  \(name)  ") } }
    }

    private static let seeds: [UInt64] = [1, 2, 3, 4, 5, 6]

    @Test func `a seed gives the same run, call by call`() {
        var backends: Set<String> = []
        for seed in Self.seeds {
            let (first, second) = (Run(seed), Run(seed))
            let place = zip(first.lines, second.lines).enumerated().first { $1.0 != $1.1 }
            #expect(place == nil, "seed \(seed): line \(place!.offset) is '\(place!.element.0)', then '\(place!.element.1)'")
            #expect(first.lines.count == second.lines.count, "seed \(seed)")
            #expect(first.digest == second.digest, "seed \(seed)")
            for call in ["epoll_wait", "submit"] where first.calls(call) { backends.insert(call) }
        }
        #expect(backends == ["epoll_wait", "submit"], "the seeds do not run both backends any more; take others")
    }

    @Test func `different seeds give different runs`() {
        let digests = Set(Self.seeds.map { Run($0).digest })
        #expect(digests.count == Self.seeds.count)
    }

    /// Few, for a build without optimization; it is under the sanitizers that they count.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `a seed breaks no promise`(_ seed: UInt64) {
        let world = World(seed: seed)
        world.run()
        let violations = world.kernel.violations
        #expect(violations.isEmpty, "seed \(seed); repeat it with: make simulate SEED=\(seed)")
    }
}
