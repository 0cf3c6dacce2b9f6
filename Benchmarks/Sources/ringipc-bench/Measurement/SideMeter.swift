internal import CBenchmark
internal import Glibc
internal import RingIPC

/// Takes a ``SideReport`` of this process.
struct SideMeter: ~Copyable {
    private let counter: SystemCallCounter?
    private var start = Usage()
    private var statisticsAtStart = Statistics()
    private var startTime: UInt64 = 0
    /// Read long before the start: a file takes too long between two messages.
    private let migrationsAtFirst = Self.migrations

    /// - Parameter countsSystemCalls: have the kernel count, which slows every call down a little.
    init(countsSystemCalls: Bool) {
        counter = countsSystemCalls ? SystemCallCounter() : nil
    }

    mutating func start(_ statistics: Statistics) {
        statisticsAtStart = statistics
        start = Usage.current()
        counter?.start()
        startTime = bench_monotonic_nanoseconds()
    }

    func stop(_ statistics: Statistics, messages: Int) -> SideReport {
        let time = bench_monotonic_nanoseconds()
        let calls = counter?.stop()
        let end = Usage.current()
        return SideReport(
            messages: messages,
            seconds: Double(time - startTime) / 1e9,
            cpuNanoseconds: end.cpuNanoseconds - start.cpuNanoseconds,
            voluntarySwitches: end.voluntarySwitches - start.voluntarySwitches,
            involuntarySwitches: end.involuntarySwitches - start.involuntarySwitches,
            migrations: Self.migrations.flatMap { end in migrationsAtFirst.map { end - $0 } },
            peakResidentBytes: Self.peakResidentBytes,
            librarySystemCalls: statistics.systemCalls - statisticsAtStart.systemCalls,
            kernelSystemCalls: calls ?? nil,
            copiedBytes: statistics.copiedBytes - statisticsAtStart.copiedBytes)
    }

    /// Of the calling thread, the only one that works in these processes. Not a performance counter: one of those makes every context
    /// switch slower, and context switches are what blocking scenarios measure.
    private static var migrations: Int? {
        SystemFile.value(of: "se.nr_migrations", in: "/proc/thread-self/sched").flatMap { Int($0) }
    }

    /// Not `ru_maxrss`: a child inherits the peak of the process that started it.
    private static var peakResidentBytes: Int {
        let text = SystemFile.value(of: "VmHWM", in: "/proc/self/status") ?? ""
        return (Int(text.prefix { $0.isNumber }) ?? 0) * 1024
    }
}

/// What the kernel has booked on this process so far.
private struct Usage {
    var cpuNanoseconds: UInt64 = 0
    var voluntarySwitches = 0
    var involuntarySwitches = 0

    static func current() -> Usage {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return Usage(
            cpuNanoseconds: bench_cpu_nanoseconds(), voluntarySwitches: usage.ru_nvcsw, involuntarySwitches: usage.ru_nivcsw)
    }
}
