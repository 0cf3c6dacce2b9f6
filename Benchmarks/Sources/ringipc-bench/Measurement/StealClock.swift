internal import Glibc

/// What the host has taken from some CPUs of a virtual machine so far, as the kernel tells it: in ticks, of which most machines have
/// 100 a second.
struct StealClock {
    private let cpus: Set<Int>
    private let start: UInt64

    init(_ cpus: CPUPair) {
        self.cpus = [cpus.client, cpus.server]
        start = Self.ticks(of: self.cpus)
    }

    var elapsedNanoseconds: Int {
        let now = Self.ticks(of: cpus)
        return now <= start ? 0 : Int(now - start) * (1_000_000_000 / max(1, sysconf(Int32(_SC_CLK_TCK))))
    }

    private static func ticks(of cpus: Set<Int>) -> UInt64 { ticks(of: cpus, in: SystemFile.text("/proc/stat") ?? "") }

    /// The eighth number of a CPU's line; see proc_stat(5).
    static func ticks(of cpus: Set<Int>, in text: String) -> UInt64 {
        text.split(separator: "\n").reduce(0) { sum, line in
            let fields = line.split(separator: " ")
            guard fields.count > 8, fields[0].hasPrefix("cpu"), let cpu = Int(fields[0].dropFirst(3)), cpus.contains(cpu) else {
                return sum
            }
            return sum + (UInt64(fields[8]) ?? 0)
        }
    }
}
