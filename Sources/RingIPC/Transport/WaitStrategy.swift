/// How to wait for the next message.
///
/// A process that sleeps costs nothing and wakes late (about 20 µs in a virtual machine); one that spins answers in a few
/// microseconds and burns its CPU.
public enum WaitStrategy: Sendable, Hashable {
    /// Sleep in the kernel at once.
    case block
    /// Never sleep: ask the kernel again and again. For a process that has a CPU for itself; it takes all of it.
    case spin
    /// Spin for at most `maximumSpin`, then sleep. The time is shortened by itself while spinning does not pay, so that
    /// neither an idle connection nor two processes on one CPU burn it.
    case adaptive(maximumSpin: Duration)

    /// ``adaptive(maximumSpin:)`` with 50 µs: a little more than two wake-ups.
    public static var adaptive: WaitStrategy { .adaptive(maximumSpin: .microseconds(50)) }
}
