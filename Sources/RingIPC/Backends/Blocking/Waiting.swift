/// The driver of one blocking connection. One switch per wait, none per frame.
enum Waiting: ~Copyable {
    case direct(DirectDriver)
    case epoll(EpollDriver)
    case uring(UringDriver)

    /// Fails only for a backend that was named and does not work here.
    init(for descriptor: Int32, configuration: Configuration) throws(TransportError) {
        switch configuration.backend {
        case .automatic: self = .direct(DirectDriver(descriptor: descriptor, configuration: configuration))
        case .epoll: self = .epoll(try EpollDriver(descriptor: descriptor, configuration: configuration))
        case .ioUring: self = .uring(try Self.uring(descriptor, configuration))
        }
    }

    private static func uring(_ descriptor: Int32, _ configuration: Configuration) throws(TransportError) -> UringDriver {
        do {
            return try UringDriver(descriptor: descriptor, configuration: configuration)
        } catch {
            throw BackendReport.unavailable(error)
        }
    }

    var report: BackendReport {
        switch self {
        case .direct: .direct
        case .epoll: .epollByName
        case .uring: .ioUringByName
        }
    }

    mutating func receive(into memory: UnsafeMutableRawBufferPointer, until deadline: Int64?) -> Int {
        switch consume self {
        case .direct(var driver):
            let result = unsafe driver.receive(into: memory, until: deadline)
            self = .direct(driver)
            return result
        case .epoll(var driver):
            let result = unsafe driver.receive(into: memory, until: deadline)
            self = .epoll(driver)
            return result
        case .uring(var driver):
            let result = unsafe driver.receive(into: memory, until: deadline)
            self = .uring(driver)
            return result
        }
    }

    var counters: WaitCounters {
        switch self {
        case .direct(let driver): driver.waits
        case .epoll(let driver): driver.waits
        case .uring(let driver): driver.waits
        }
    }
}
