/// Which interface of the kernel moves the bytes.
public enum BackendChoice: String, Sendable, Hashable, CaseIterable {
    /// The best that works here.
    case automatic
    case epoll
    case ioUring = "io_uring"
}
