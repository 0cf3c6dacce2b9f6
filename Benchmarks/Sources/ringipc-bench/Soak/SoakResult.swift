internal import RingIPC

/// What a soak on one backend found.
struct SoakResult: Codable {
    var backend: String
    var seed: UInt64
    var seconds: Double
    var clientsKilled: Int
    var serversKilled: Int
    var connectionsSettled: Int
    var framesSettled: UInt64
    var connectionsCutByClient: Int
    var connectionsCutByServer: Int
    var framesUpToDeath: UInt64
    /// Medians of the two halves of the watched time, and the least-squares slope.
    var residentFirst: Double
    var residentSecond: Double
    var residentSlopePerMinute: Double
    var descriptorsFirst: Double
    var descriptorsSecond: Double
    /// After the last client: sockets beside the listener, and other descriptors beside the server's own.
    var socketsLeft: Int
    var descriptorsLeft: Int
    var residentLeft: Int
    /// Whether there were samples enough to say that memory is flat.
    var isMemoryJudged: Bool
    var violations: [String]

    enum CodingKeys: String, CodingKey {
        case backend, seed, seconds, violations
        case isMemoryJudged = "memory_judged"
        case clientsKilled = "clients_killed"
        case serversKilled = "servers_killed"
        case connectionsSettled = "connections_settled"
        case framesSettled = "frames_settled"
        case connectionsCutByClient = "connections_cut_by_client"
        case connectionsCutByServer = "connections_cut_by_server"
        case framesUpToDeath = "frames_up_to_death"
        case residentFirst = "resident_bytes_first"
        case residentSecond = "resident_bytes_second"
        case residentSlopePerMinute = "resident_bytes_per_minute"
        case descriptorsFirst = "descriptors_first"
        case descriptorsSecond = "descriptors_second"
        case socketsLeft = "sockets_left"
        case descriptorsLeft = "descriptors_left"
        case residentLeft = "resident_bytes_left"
    }
}

extension SoakResult {
    /// Fewer samples than this, 150 seconds, are all warm-up: the heap first grows to the greatest load that it meets.
    static let judgedSamples = 1_500
    static let memoryBar = "the median of the second half is at most 5 % and 2 MiB over that of the first"
    static let descriptorBar = "the median of the second half is at most 5 % and 2 over that of the first, and none is left at the end"

    init(run: SoakRun, population: SoakPopulation, audit: LedgerAudit, samples: [ProcessFootprint], left: ProcessFootprint) {
        let resident = Flatness(samples.map { Double($0.residentBytes) })
        let descriptors = Flatness(samples.map { Double($0.descriptors) })
        let own = samples.last.map { $0.descriptors - $0.sockets } ?? 0
        backend = run.backend.rawValue
        seed = run.seed
        seconds = run.seconds
        clientsKilled = population.killedClients.count
        serversKilled = population.serverKills
        connectionsSettled = audit.totals.settled
        framesSettled = audit.totals.framesSettled
        connectionsCutByClient = audit.totals.cutByClient
        connectionsCutByServer = audit.totals.cutByServer
        framesUpToDeath = audit.totals.framesUpToDeath
        residentFirst = resident.first
        residentSecond = resident.second
        residentSlopePerMinute = resident.slope * 600
        descriptorsFirst = descriptors.first
        descriptorsSecond = descriptors.second
        socketsLeft = left.sockets - population.quietSockets
        descriptorsLeft = left.descriptors - left.sockets - own
        residentLeft = left.residentBytes
        isMemoryJudged = samples.count >= Self.judgedSamples
        violations = audit.violations
        if audit.totals.settled == 0 { violations.append("no connection ended in order") }
        if socketsLeft != 0 || descriptorsLeft != 0 {
            violations.append(
                "after the last client the server holds \(socketsLeft) sockets and \(descriptorsLeft) other descriptors too many")
        }
        guard isMemoryJudged else { return }
        if !resident.isFlat(share: 0.05, slack: 2_097_152) { violations.append("the server's memory grows") }
        if !descriptors.isFlat(share: 0.05, slack: 2) { violations.append("the server's descriptors grow") }
    }
}

/// The report of a soak.
enum SoakReport {
    static func text(_ results: [SoakResult]) -> String {
        var table = Table(["figure"] + results.map(\.backend))
        func row(_ name: String, _ value: (SoakResult) -> String) { table.add([name] + results.map(value)) }
        row("seconds") { Figure.fixed($0.seconds, decimals: 0) }
        row("seed") { "\($0.seed)" }
        row("clients killed") { "\($0.clientsKilled)" }
        row("servers killed") { "\($0.serversKilled)" }
        row("connections ended in order, both ledgers equal") { "\($0.connectionsSettled)" }
        row("their frames, each sent, checked, echoed, checked") { "\($0.framesSettled)" }
        row("connections cut by the death of the client") { "\($0.connectionsCutByClient)" }
        row("connections cut by the death of the server") { "\($0.connectionsCutByServer)" }
        row("frames on these that arrived before it") { "\($0.framesUpToDeath)" }
        row("server memory, first half, MiB") { megabytes($0.residentFirst) }
        row("server memory, second half, MiB") { megabytes($0.residentSecond) }
        row("slope, MiB a minute") { megabytes($0.residentSlopePerMinute) }
        row("server memory after the last client, MiB") { megabytes(Double($0.residentLeft)) }
        row("server descriptors, first and second half") {
            "\(Figure.fixed($0.descriptorsFirst, decimals: 0)), \(Figure.fixed($0.descriptorsSecond, decimals: 0))"
        }
        row("descriptors left after the last client") { "\($0.socketsLeft + $0.descriptorsLeft)" }
        row("memory and descriptors judged") { $0.isMemoryJudged ? "yes" : "no, too short" }
        row("violations") { "\($0.violations.count)" }
        let violations = results.flatMap { result in result.violations.map { "- \(result.backend): \($0)\n" } }
        return """
            # Soak

            \(SoakPopulation.loopClients) clients with an event loop and \(SoakPopulation.connectionsOfLoopClient) connections each, \
            \(SoakPopulation.blockingClients) with a blocking connection; frames of 0 bytes to 1 MiB. \
            In the first half the server is killed, too; descriptors and memory are watched in the second, after a quarter of it.

            \(table.text)
            Both are judged from \(SoakResult.judgedSamples / 10) seconds of samples on, which 14 minutes for two backends give. Memory is flat when \(SoakResult.memoryBar). Descriptors: \(SoakResult.descriptorBar).
            \(violations.isEmpty ? "" : "\nViolations (at most 20 of each backend):\n\n" + violations.prefix(20).joined())
            """
    }

    private static func megabytes(_ bytes: Double) -> String { Figure.fixed(bytes / 1_048_576, decimals: 2) }
}
