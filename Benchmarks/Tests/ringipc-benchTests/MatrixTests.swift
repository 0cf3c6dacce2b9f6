import RingIPC
import Testing

@testable import ringipc_bench

@Suite struct MatrixTests {
    private static let scenarios = ["pingpong", "depth", "stream", "burst", "rate", "fanin", "idle", "connect"]

    private static let peers = PeerProgram.known.map { peer in
        PeerAbout(
            peer: peer.name, version: "1", waits: ["qt", "nio"].contains(peer.name) ? ["block"] : ["block", "spin"], scenarios: scenarios,
            batches: [1, 4, 16, 64, 256, 1024, 4096], options: "none")
    }

    private func matrix(
        _ profile: Profile, _ cpus: CPUPair = CPUPair(client: 0, server: 1), peers: [PeerAbout] = MatrixTests.peers
    ) -> Matrix {
        Matrix(
            profile: profile, backends: [.epoll, .ioUring, .sharedMemory], choosesBackends: true, cpus: cpus, hasLimits: true, peers: peers)
    }

    @Test(arguments: Profile.allCases)
    func `each backend meets the C program that does the same`(profile: Profile) {
        // No C program waits adaptively, and those of a stream spin only in shared memory, where there are no others but round trips.
        for work in matrix(profile).cases where work.wait != .adaptive {
            let scenario = work.scenario
            for case .backend(let backend) in work.contenders where LimitRun.scenario(of: scenario) != nil {
                if backend == .sharedMemory, scenario != .pingpong, scenario != .stream { continue }
                if backend != .sharedMemory, scenario == .stream, work.wait == .spin { continue }
                let reference = Contender.backend(backend).reference(in: work)
                #expect(reference.map(work.contenders.contains) == true, "\(work.title): \(backend)")
            }
        }
    }

    @Test(arguments: Profile.allCases)
    func `titles tell the cases apart, in words and in file names`(profile: Profile) {
        let cases = matrix(profile).cases
        #expect(Set(cases.map(\.title.slug)).count == cases.count)
        #expect(cases.allSatisfy { Set($0.contenders.map(\.name.slug)).count == $0.contenders.count })
    }

    @Test(arguments: Profile.allCases)
    func `every case has seven trials`(profile: Profile) { #expect(matrix(profile).cases.allSatisfy { $0.trials >= 7 }) }

    /// With all peers.
    @Test func `a profile keeps to its time`() {
        let seconds = Profile.allCases.map { profile in
            matrix(profile).cases.map { Estimate(work: $0).seconds }.reduce(0, +)
        }
        #expect(seconds[0] <= 115)
        #expect(seconds[1] <= 40 * 60)
    }

    @Test(arguments: Profile.allCases)
    func `blocking and spinning are never in one table`(profile: Profile) {
        for work in matrix(profile).cases {
            for case .limit(let kind) in work.contenders {
                #expect(!kind.hasSuffix(work.wait == .spin ? "-block" : "-spin"), "\(work.title): \(kind)")
                #expect(work.wait == .spin || kind != "shared", "\(work.title): \(kind)")
            }
            for case .peer(let name, _) in work.contenders {
                let peer = Self.peers.first { $0.peer == name }
                #expect(peer?.waits.contains(work.wait.rawValue) == true, "\(work.title): \(name)")
            }
        }
    }

    @Test func `the full profile has every scenario`() {
        let names = Set(matrix(.full).cases.map(\.scenario.name))
        #expect(names.isSuperset(of: Self.scenarios + ["pace", "pace-idle", "parse"]))
    }

    @Test func `a client of Qt meets its own server, ours and the limit in one case`() throws {
        let work = try #require(matrix(.full).cases.first { $0.title == "stream, blocking, 64 B, a client of qt" })
        let hosts = ["", " → C recv", " → RingIPC", " → RingIPC, moderated"]
        #expect(work.contenders.map(\.name) == hosts.flatMap { ["qt" + $0, "qt, batch 1" + $0] })
        #expect(work.scenario == .stream && work.wait == .block && work.size == 64)
    }

    @Test func `cases can be picked by their titles`() {
        var matrix = matrix(.full)
        matrix.selection = ["a client of qt", "batch sweep, stream, 64 B, qt"]
        #expect(matrix.cases.map(\.title) == ["batch sweep, stream, 64 B, qt", "stream, blocking, 64 B, a client of qt"])
        matrix.selection = ["a client of nobody"]
        #expect(matrix.cases.isEmpty)
    }

    @Test func `shared memory takes part where it says most, or wherever it was asked for`() {
        func scenarios(_ cases: [BenchmarkCase]) -> Set<String> {
            Set(cases.filter { $0.contenders.contains(.backend(.sharedMemory)) }.map(\.scenario.name))
        }
        let quick = matrix(.quick).cases.filter { $0.contenders.contains(.backend(.sharedMemory)) }
        #expect(scenarios(quick) == ["pingpong", "stream"])
        #expect(quick.allSatisfy { $0.size == 64 && ($0.scenario != .pingpong || $0.wait == .spin) })
        #expect(scenarios(matrix(.full).cases) == Set(Self.scenarios))
        let asked = Matrix(
            profile: .full, backends: [.sharedMemory], choosesBackends: false, cpus: CPUPair(client: 0, server: 1), hasLimits: false)
        #expect(scenarios(asked.cases) == Set(asked.cases.map(\.scenario.name)).subtracting(["parse"]))
    }

    @Test func `C programs in shared memory stand beside the library only where it shares memory`() {
        for work in matrix(.full).cases {
            let isShared = work.contenders.contains(.backend(.sharedMemory))
            for case .limit(let kind) in work.contenders where kind.hasPrefix("shared") { #expect(isShared, "\(work.title)") }
        }
    }

    @Test func `what was not asked for is not measured`() {
        let matrix = Matrix(
            profile: .quick, backends: [.epoll], choosesBackends: false, cpus: CPUPair(client: 0, server: 1), hasLimits: false)
        #expect(matrix.cases.allSatisfy { $0.contenders == [.backend(.epoll)] })
    }

    @Test(arguments: Profile.allCases)
    func `on one CPU nothing spins`(profile: Profile) {
        let cases = matrix(profile, CPUPair(client: 0, server: 0)).cases
        #expect(cases.allSatisfy { $0.wait != .spin && $0.scenario.name != "rate" })
    }

    @Test func `each trial has its own arrivals`() throws {
        let work = try #require(matrix(.full).cases.first { $0.scenario.name == "rate" })
        guard case .rate(let first) = work.ofTrial(1).scenario, case .rate(let second) = work.ofTrial(2).scenario else { return }
        #expect(first.seed != second.seed)
    }
}
