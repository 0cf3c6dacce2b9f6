/// What one process spent between two points of a scenario, and the times that it took. It crosses the pipe from the other process
/// as one line of JSON, with the same names from a program of ours and from that of a peer.
struct SideReport: Codable, Equatable {
    var messages = 0
    /// From the end of the warm-up to the last message.
    var seconds: Double?
    var cpuNanoseconds: UInt64 = 0
    var voluntarySwitches = 0
    /// Those that the kernel forced.
    var involuntarySwitches = 0
    /// From CPU to CPU; `nil` where the kernel does not tell.
    var migrations: Int?
    var peakResidentBytes = 0
    /// As the library counts them, which sees only its own.
    var librarySystemCalls: UInt64?
    /// As the kernel counts them; only of a counting trial, and only where it may be asked.
    var kernelSystemCalls: UInt64?
    /// In user space; `nil` where nobody counts them.
    var copiedBytes: UInt64?
    /// Those that the scenario is about, where this side measures them.
    var times: RoundTripTimes?
    var connectTimes: RoundTripTimes?
    /// Of ``times``; see ``Latencies/exported``.
    var histogram: String?

    enum CodingKeys: String, CodingKey {
        case messages, seconds, migrations, times, histogram
        case cpuNanoseconds = "cpu_ns"
        case voluntarySwitches = "voluntary_switches"
        case involuntarySwitches = "involuntary_switches"
        case peakResidentBytes = "peak_rss_bytes"
        case librarySystemCalls = "library_system_calls"
        case kernelSystemCalls = "system_calls"
        case copiedBytes = "copied_bytes"
        case connectTimes = "connect_times"
    }

    var contextSwitches: Int { voluntarySwitches + involuntarySwitches }

    /// The kernel's count where there is one.
    var systemCalls: UInt64? { kernelSystemCalls ?? librarySystemCalls }

    func taking(_ latencies: Latencies) -> SideReport {
        var report = self
        report.times = latencies.summary
        report.histogram = latencies.exported
        return report
    }
}
