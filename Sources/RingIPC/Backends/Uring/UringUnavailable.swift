internal import CRingIPC

/// Why there is no io_uring here.
struct UringUnavailable: Error {
    let systemError: Int32
    var reason: String {
        let cause =
            switch systemError {
            case EPERM: "the kernel forbids it: see sysctl kernel.io_uring_disabled, or the seccomp filter of the container"
            case ENOSYS: "the kernel has none, or a seccomp filter hides it"
            case ENOMEM: "not enough locked memory: see RLIMIT_MEMLOCK"
            case EMFILE, ENFILE: "no free descriptor"
            case EINVAL: "the kernel is older than 5.19"
            default: "io_uring_setup failed"
            }
        return "\(cause) (\(TransportError.name(ofSystemError: systemError)))"
    }
}
