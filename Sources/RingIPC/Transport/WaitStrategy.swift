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
    /// Sleep at once, but after a wake-up that brought input do not look again before `interval` has passed: what arrives meanwhile is
    /// taken in one go, as a network card moderates its interrupts (`ethtool`'s `rx-usecs`). From zero, which is ``block``, to below one
    /// second.
    ///
    /// For who receives a stream of small messages and wants to spend little CPU time on it: a receiver that is faster than its sender
    /// would else be woken for every few of them. An idle connection wakes for its first message as with ``block``.
    ///
    /// The price is delay. During the pause nothing else is seen either: an answer, the end of a peer, a connection to accept, a job that
    /// another thread posts wait for its end, at most the interval and what the kernel adds to a timer (50 µs unless PR_SET_TIMERSLACK
    /// says otherwise, prctl(2)). Requests whose answers are waited for pay it every time. Deadlines and timers of the loop end a pause.
    /// The socket holds what arrives meanwhile, so a sender that fills it waits. Where 16 KiB or more come within an interval,
    /// which are worth their wake-ups, there is no pause.
    case moderated(interval: Duration)

    /// ``adaptive(maximumSpin:)`` with 50 µs: a little more than two wake-ups.
    public static var adaptive: WaitStrategy { .adaptive(maximumSpin: .microseconds(50)) }
    /// ``moderated(interval:)`` with 50 µs: no more than about ten thousand wake-ups a second.
    public static var moderated: WaitStrategy { .moderated(interval: .microseconds(50)) }
}
