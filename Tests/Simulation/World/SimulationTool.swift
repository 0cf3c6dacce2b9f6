import Dispatch
import Glibc
import RingIPC
import RingIPCTesting
import Synchronization

/// Runs many seeds, on all CPUs, and says which of them break a promise and how to repeat them.
package struct SimulationTool {
    private var seeds = 1_000
    private var first: UInt64 = 1
    private var isTracing = false
    private var stopsAtFirst = false
    private var error: String?

    package static let usage = """
        usage: ringipc-simulate [--seeds N] [--first SEED] [--stop]   runs N seeds, from SEED on; --stop ends at the first that fails
               ringipc-simulate --seed SEED [--trace]                 repeats one, with every call of the kernel
        """

    package init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            switch argument {
            case "--trace": isTracing = true
            case "--stop": stopsAtFirst = true
            case "--seeds", "--first", "--seed":
                guard let number = rest.popFirst().flatMap({ UInt64($0) }) else {
                    error = "\(argument) wants a number"
                    return
                }
                if argument == "--seeds" { seeds = Int(clamping: number) } else { first = number }
                if argument == "--seed" { seeds = 1 }
            default: error = "'\(argument)' is unknown"
            }
        }
    }

    /// Exits with 0 if no seed failed, and with 1 if one did or a kind of fault never happened.
    package func run() -> Never {
        if let error {
            print("ringipc-simulate: \(error)\n\(Self.usage)")
            exit(64)
        }
        CrashReport.install()
        let tally = Mutex(Tally())
        let lowestFailure = Atomic(Int.max)
        DispatchQueue.concurrentPerform(iterations: seeds) { index in
            if stopsAtFirst, index > lowestFailure.load(ordering: .relaxed) { return }
            let seed = first + UInt64(index)
            CrashReport.begin(seed)
            let world = World(seed: seed)
            if isTracing { world.kernel.log = { print($0) } }
            world.run()
            let violations = world.kernel.violations
            if !violations.isEmpty { lowestFailure.min(index, ordering: .relaxed) }
            tally.withLock { $0.add(world, violations) }
        }
        tally.withLock { $0.report(requiresAllKinds: seeds >= Tally.seedsForAllKinds) }
        exit(tally.withLock { $0.isGood(requiresAllKinds: seeds >= Tally.seedsForAllKinds) } ? 0 : 1)
    }
}

/// What all runs together came to.
private struct Tally {
    /// So many seeds must have seen every kind of fault.
    static let seedsForAllKinds = 300

    private var passed = 0
    private var failures: [(seed: UInt64, violations: [Violation])] = []
    private var faults: [FaultKind: Int] = [:]
    private var digest: UInt64 = 0

    mutating func add(_ world: World, _ violations: [Violation]) {
        if violations.isEmpty { passed += 1 } else { failures.append((world.seed, violations)) }
        for (kind, count) in world.kernel.faultCounts { faults[kind, default: 0] += count }
        digest ^= world.kernel.digest
    }

    private var missingKinds: [FaultKind] { FaultKind.allCases.filter { faults[$0, default: 0] == 0 } }

    func isGood(requiresAllKinds: Bool) -> Bool { failures.isEmpty && (!requiresAllKinds || missingKinds.isEmpty) }

    func report(requiresAllKinds: Bool) {
        for failure in failures.sorted(by: { $0.seed < $1.seed }).prefix(20) {
            print("seed \(failure.seed) failed; repeat it with: make simulate SEED=\(failure.seed)")
            for violation in failure.violations.prefix(3) { print("  \(violation)") }
        }
        print("faults: " + FaultKind.allCases.map { "\($0.rawValue) \(faults[$0, default: 0])" }.joined(separator: ", "))
        if requiresAllKinds, !missingKinds.isEmpty { print("these faults never happened: \(missingKinds.map(\.rawValue))") }
        print("simulate: \(passed) seeds passed, \(failures.count) failed; digest \(String(digest, radix: 16))")
    }
}
