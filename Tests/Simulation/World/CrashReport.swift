import Glibc

/// A trap ends the process before anything can be printed: the handler says which seed it was.
enum CrashReport {
    /// One line per thread, made before the run: a signal handler may only write it.
    nonisolated(unsafe) private static var key = pthread_key_t()
    private static let lineCapacity = 128

    static func install() {
        unsafe pthread_key_create(&key, nil)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS] {
            signal(number) { _ in
                if let line = unsafe pthread_getspecific(CrashReport.key) {
                    unsafe write(1, line, strlen(line.assumingMemoryBound(to: CChar.self)))
                }
                _exit(2)
            }
        }
    }

    /// From now on this thread runs `seed`.
    static func begin(_ seed: UInt64) {
        let line = unsafe pthread_getspecific(key) ?? newLine()
        let text = "seed \(seed) trapped; repeat it with: make simulate SEED=\(seed)\n"
        unsafe line.copyMemory(from: Array(text.utf8CString), byteCount: text.utf8CString.count)
    }

    private static func newLine() -> UnsafeMutableRawPointer {
        let line = UnsafeMutableRawPointer.allocate(byteCount: lineCapacity, alignment: 1)
        unsafe pthread_setspecific(key, line)
        return unsafe line
    }
}
