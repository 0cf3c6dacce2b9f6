internal import FoundationEssentials
internal import RingIPC

/// The machine and the programs that a run depends on. No name of a host, a user or a folder.
struct Environment: Codable {
    var started: String
    var commit: String?
    var profile: String
    var cpus: [String: Int]
    var placement: String?
    var kernel: String?
    var cpuModel: String?
    var cpuCount: Int
    var allowedCPUs: [Int]
    var isVirtualMachine: Bool
    var memoryBytes: Int?
    var governor: String?
    var clockSource: String?
    var ioUringDisabled: Int?
    var loadAverage: String?
    var mitigations: [String: String]
    var versions: [String: String]
    var backends: [String: String]
    /// Other libraries: the version of each, or what would bring it.
    var peers: [String: String]?
    /// What each of them sets in its library, and why.
    var peerOptions: [String: String]?
    /// Nanoseconds for each message that the tool itself takes, by part.
    var overhead: [String: Double]?
    /// Case, contender, and why it has no figures there.
    var notMeasured: [String: [String: String]]?
    /// What the reader of the results must know about the run as a whole.
    var note: String?

    enum CodingKeys: String, CodingKey {
        case started, commit, profile, cpus, placement, kernel, governor, mitigations, versions, backends, peers, overhead, note
        case cpuModel = "cpu_model"
        case cpuCount = "cpu_count"
        case allowedCPUs = "allowed_cpus"
        case isVirtualMachine = "virtual_machine"
        case memoryBytes = "memory_bytes"
        case clockSource = "clock_source"
        case ioUringDisabled = "io_uring_disabled"
        case loadAverage = "load_average"
        case peerOptions = "peer_options"
        case notMeasured = "not_measured"
    }

    static func current(
        profile: Profile, cpus: CPUPair, backends: [MeasuredBackendReport], peers: [PeerReport]
    ) throws -> Environment {
        let set = try CPUSet.current()
        let cpu = SystemFile.text("/proc/cpuinfo") ?? ""
        let memory = SystemFile.value(of: "MemTotal", in: "/proc/meminfo").flatMap { Int($0.prefix { $0.isNumber }) }
        return Environment(
            started: Date().ISO8601Format(),
            commit: commit,
            profile: profile.rawValue,
            cpus: ["client": cpus.client, "server": cpus.server],
            placement: set.note(on: cpus),
            kernel: SystemFile.text("/proc/sys/kernel/osrelease"),
            cpuModel: SystemFile.value(of: "model name", inText: cpu),
            cpuCount: ProcessInfo.processInfo.processorCount,
            allowedCPUs: set.allowed,
            isVirtualMachine: SystemFile.value(of: "flags", inText: cpu)?.split(separator: " ").contains("hypervisor") ?? false,
            memoryBytes: memory.map { $0 * 1024 },
            governor: SystemFile.text("/sys/devices/system/cpu/cpu\(cpus.client)/cpufreq/scaling_governor"),
            clockSource: SystemFile.text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            ioUringDisabled: SystemFile.number("/proc/sys/kernel/io_uring_disabled"),
            loadAverage: SystemFile.text("/proc/loadavg").map { $0.split(separator: " ").prefix(3).joined(separator: " ") },
            mitigations: mitigations,
            versions: versions,
            backends: byName(backends.map { ($0.backend.rawValue, "\($0.isAvailable ? "works" : "does not work"): \($0.reason)") }),
            peers: byName(peers.map { ($0.program.name, $0.version) }),
            peerOptions: byName(peers.compactMap { peer in peer.about.map { (peer.program.name, $0.options) } }))
    }

    private static func byName(_ pairs: [(String, String)]) -> [String: String] {
        Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// The commit that the tool was built from, with `+` for changes that are not in it.
    private static var commit: String? {
        let folder = "/" + Tool.path.split(separator: "/").dropLast().joined(separator: "/")
        guard let commit = output(of: "git -C \"$0\" rev-parse HEAD", folder) else { return nil }
        let changes = output(of: "git -C \"$0\" status --porcelain --untracked-files=no", folder)
        return changes == nil ? commit : commit + "+"
    }

    private static var mitigations: [String: String] {
        let folder = "/sys/devices/system/cpu/vulnerabilities"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.reduce(into: [:]) { states, name in states[name] = SystemFile.text("\(folder)/\(name)") }
    }

    private static var versions: [String: String] {
        let commands = [
            "swift": "swift --version", "cc": "cc --version", "liburing": "pkg-config --modversion liburing",
        ]
        return commands.compactMapValues { output(of: $0) }
    }

    /// The first line that a command prints; `nil` when it fails or prints nothing.
    private static func output(of command: String, _ argument: String = "") -> String? {
        guard let child = try? ChildProcess("/bin/sh", ["-c", "\(command) 2>/dev/null", argument]) else { return nil }
        let line = (try? child.finish(within: 20))?.split(separator: "\n").first.map(String.init)
        return line?.isEmpty == false ? line : nil
    }
}
