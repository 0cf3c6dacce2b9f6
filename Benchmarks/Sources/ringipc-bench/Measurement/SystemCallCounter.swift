internal import CBenchmark
internal import Glibc

/// Counts the system calls of this process, all threads, as the kernel sees them. The tracepoint costs some nanoseconds a call,
/// so that only trials which are not timed use it.
struct SystemCallCounter: ~Copyable {
    private let descriptor: Int32

    /// `nil` where the kernel does not let this process count.
    init?() {
        descriptor = bench_call_counter()
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    func start() { _ = bench_call_counter_enable(descriptor) }

    /// Stops counting.
    func stop() -> UInt64? { UInt64(exactly: bench_call_counter_read(descriptor)) }
}
