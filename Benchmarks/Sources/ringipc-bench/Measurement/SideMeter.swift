internal import CBenchmark
internal import Glibc
internal import RingIPC

/// What one process spent between two points of a scenario. It crosses the pipe from a peer as one line of JSON.
struct SideReport: Codable, Equatable {
    var messages = 0
    var cpuNanoseconds: UInt64 = 0
    var contextSwitches = 0
    var peakResidentBytes = 0
    /// As the library counts them, which sees only its own.
    var librarySystemCalls: UInt64 = 0
    /// As the kernel counts them; only of a counting trial, and only where it may be asked.
    var kernelSystemCalls: UInt64?
    var copiedBytes: UInt64 = 0
}

/// Takes a ``SideReport`` of this process.
struct SideMeter: ~Copyable {
    private let counter: SystemCallCounter?
    private var cpuAtStart: UInt64 = 0
    private var switchesAtStart = 0
    private var statisticsAtStart = Statistics()

    /// - Parameter countsSystemCalls: have the kernel count, which slows every call down a little.
    init(countsSystemCalls: Bool) {
        counter = countsSystemCalls ? SystemCallCounter() : nil
    }

    mutating func start(_ statistics: Statistics) {
        statisticsAtStart = statistics
        switchesAtStart = Self.contextSwitches
        cpuAtStart = bench_cpu_nanoseconds()
        counter?.start()
    }

    func stop(_ statistics: Statistics, messages: Int) -> SideReport {
        let calls = counter?.stop()
        let cpu = bench_cpu_nanoseconds()
        return SideReport(
            messages: messages,
            cpuNanoseconds: cpu - cpuAtStart,
            contextSwitches: Self.contextSwitches - switchesAtStart,
            peakResidentBytes: Self.peakResidentBytes,
            librarySystemCalls: statistics.systemCalls - statisticsAtStart.systemCalls,
            kernelSystemCalls: calls ?? nil,
            copiedBytes: statistics.copiedBytes - statisticsAtStart.copiedBytes)
    }

    private static var contextSwitches: Int {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_nvcsw + usage.ru_nivcsw
    }

    /// Not `ru_maxrss`: a child inherits the peak of the process that started it.
    private static var peakResidentBytes: Int {
        let text = SystemFile.value(of: "VmHWM", in: "/proc/self/status") ?? ""
        return (Int(text.prefix { $0.isNumber }) ?? 0) * 1024
    }
}
