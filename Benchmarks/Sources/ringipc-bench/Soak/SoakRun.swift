internal import CBenchmark
internal import FoundationEssentials
internal import Glibc
internal import RingIPC

/// Full load with kills. In the first half the server is killed, too; in the second one server lives, so that what it holds can be watched.
struct SoakRun {
    let backend: MeasuredBackend
    let seconds: Double
    let seed: UInt64

    private static let sampleInterval: UInt64 = 100_000_000
    /// Between two kills of a client, in milliseconds.
    private static let clientKillPause = 100...600
    /// Between two kills of the server: long enough for its clients to be busy again.
    private static let serverKillPause = 500...2_500

    func run() throws -> SoakResult {
        let folder = "\(FileManager.default.temporaryDirectory.path)/ringipc-soak-\(getpid())-\(backend.rawValue)"
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw BenchmarkFailure("cannot make the folder \(folder)")
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let ledger = "\(folder)/ledger"
        var population = try SoakPopulation(
            address: "@ringipc-soak-\(getpid())-\(backend.rawValue)", backend: backend, seed: seed, ledger: ledger)
        let samples = try load(&population)
        try population.endClients()
        let left = try awaitQuiet(population, ownDescriptors: samples.last.map { $0.descriptors - $0.sockets })
        try population.endServer()
        let lines = try (SystemFile.text(ledger) ?? "").split(separator: "\n").map { line throws(BenchmarkFailure) in
            try LedgerLine(parsing: line)
        }
        let audit = LedgerAudit(lines, killedClients: population.killedClients, serverKills: population.serverKills)
        return SoakResult(run: self, population: population, audit: audit, samples: samples, left: left)
    }

    /// The samples of the second half, without its first quarter.
    private func load(_ population: inout SoakPopulation) throws -> [ProcessFootprint] {
        var random = SeededRandom(seed: seed)
        let start = bench_monotonic_nanoseconds()
        let end = start + UInt64(seconds * 1e9)
        let lastServerKill = start + (end - start) / 2
        let firstSample = lastServerKill + (end - lastServerKill) / 4
        var clientKill = start + pause(Self.clientKillPause, &random)
        var serverKill = start + pause(Self.serverKillPause, &random)
        var sample = start
        var samples: [ProcessFootprint] = []
        while sample < end {
            bench_sleep_until(min(sample, clientKill, serverKill))
            let now = bench_monotonic_nanoseconds()
            if bench_end_requested() { throw BenchmarkFailure("interrupted") }
            if now >= clientKill {
                try population.replaceClient(using: &random)
                clientKill = now + pause(Self.clientKillPause, &random)
            }
            if now >= serverKill {
                try population.replaceServer()
                serverKill = now + pause(Self.serverKillPause, &random)
                if serverKill > lastServerKill { serverKill = .max }
            }
            guard now >= sample else { continue }
            try population.requireAllRunning()
            if now >= firstSample, let footprint = population.serverFootprint { samples.append(footprint) }
            showProgress(population, secondsLeft: Double(end - min(now, end)) / 1e9)
            sample = now + Self.sampleInterval
        }
        if StandardError.isTerminal { StandardError.write("\n") }
        return samples
    }

    private func pause(_ range: ClosedRange<Int>, _ random: inout SeededRandom) -> UInt64 {
        UInt64(Int.random(in: range, using: &random)) * 1_000_000
    }

    private func showProgress(_ population: SoakPopulation, secondsLeft: Double) {
        guard StandardError.isTerminal else { return }
        let kills = "killed: \(population.killedClients.count) clients, \(population.serverKills) servers"
        StandardError.write("\r\(backend.rawValue): \(Int(secondsLeft)) s left; \(kills) ")
    }

    /// Waits until the server holds what it held without clients: the descriptors of its loop, and its listener.
    private func awaitQuiet(_ population: SoakPopulation, ownDescriptors: Int?) throws -> ProcessFootprint {
        let deadline = Deadline(seconds: 60)
        while true {
            guard let footprint = population.serverFootprint else { throw BenchmarkFailure("the server is gone") }
            let others = footprint.descriptors - footprint.sockets
            let isQuiet = footprint.sockets == population.quietSockets && others == ownDescriptors ?? others
            if isQuiet || deadline.isPassed { return footprint }
            bench_sleep_until(bench_monotonic_nanoseconds() + Self.sampleInterval / 10)
        }
    }
}
