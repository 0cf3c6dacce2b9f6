/// How to wait for the next message.
///
/// A process that sleeps costs nothing and wakes late (about 20 µs in a virtual machine); one that spins answers in a few
/// microseconds and burns its CPU.
public enum WaitStrategy: Sendable, Hashable {
    /// Sleep in the kernel at once.
    case block
    /// Never sleep. For a process that owns its CPU.
    case spin
    /// Spin for at most the given time, then sleep. The time is shortened by itself while spinning does not pay, so that
    /// neither an idle connection nor two processes on one CPU burn it.
    case adaptive(maximumSpin: Duration)

    /// ``adaptive(maximumSpin:)`` with 50 µs: a little more than two wake-ups.
    public static var adaptive: WaitStrategy { .adaptive(maximumSpin: .microseconds(50)) }
}
