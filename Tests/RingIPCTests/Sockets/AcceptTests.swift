import Glibc
import Testing

@testable import RingIPC

@Suite struct AcceptTests {
    @Test func `nobody is there: nil, without waiting`() throws {
        let listener = try ListeningSocket(.abstract(uniqueAbstractName()), configuration: Configuration())
        switch try listener.accept() {
        case .some: Issue.record("somebody was there")
        case .none: break
        }
    }

    @Test func `each connection is accepted once, in blocking mode and closed on exec`() throws {
        let endpoint = Endpoint.abstract(uniqueAbstractName())
        let listener = try ListeningSocket(endpoint, configuration: Configuration())
        #expect(isCloseOnExec(listener.descriptor) && isNonBlocking(listener.descriptor))
        let first = try Socket.connect(to: endpoint, timeout: .zero)
        let second = try Socket.connect(to: endpoint, timeout: .zero)
        for _ in 0..<2 {
            switch try listener.accept() {
            case .some(let accepted): #expect(isCloseOnExec(accepted.descriptor) && !isNonBlocking(accepted.descriptor))
            case .none: Issue.record("nobody was there")
            }
        }
        switch try listener.accept() {
        case .some: Issue.record("a third one")
        case .none: break
        }
        #expect(first.descriptor >= 0 && second.descriptor >= 0)
    }

    @Test func `the listener's mode can be changed for a ring and back`() throws {
        let listener = try ListeningSocket(.abstract(uniqueAbstractName()), configuration: Configuration())
        try listener.setNonBlocking(false)
        #expect(!isNonBlocking(listener.descriptor))
        try listener.setNonBlocking(true)
        #expect(isNonBlocking(listener.descriptor))
    }

    /// The limit of descriptors belongs to the process.
    @Test func `a process without a free descriptor is told so, and the listener survives it`() async {
        await #expect(processExitsWith: .success) {
            // Lets the runtime open what it needs for timers: it does not survive a lack of descriptors itself.
            try await Task.sleep(for: .nanoseconds(1))
            let directory = TemporaryDirectory()
            let path = directory.file("s")
            let listener = try ListeningSocket(.path(path), configuration: Configuration())
            let client = try Socket.connect(to: .path(path), timeout: .zero)
            let usual = limitDescriptors(to: 0)

            for _ in 0..<3 {
                let error = failure { () throws(TransportError) in _ = try listener.accept() }
                require(error?.code == .descriptorsExhausted && error?.systemError == EMFILE, "\(String(describing: error))")
            }
            require(connectFailure(.path(path))?.code == .descriptorsExhausted)
            require(listenFailure(.abstract("x"))?.code == .descriptorsExhausted)
            _ = limitDescriptors(to: usual)
            switch try listener.accept() {
            case .some: break
            case .none: require(false, "the connection was lost")
            }

            // Closing needs a descriptor for the lock. Without one the file stays, and is stale for the next listener.
            _ = limitDescriptors(to: 0)
            listener.close()
            require(exists(path))
            _ = limitDescriptors(to: usual)
            let next = try ListeningSocket(.path(path), configuration: Configuration())
            require(try next.answers(.path(path)))
            next.close()
            require(directory.entries == [] && client.descriptor >= 0)
        }
    }

    @Test func `no descriptor is left behind, whether something worked or not`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let path = directory.file("s")
            Plain.makeFile(directory.file("file"))
            let before = openDescriptors()
            for _ in 0..<50 {
                let listener = try ListeningSocket(.path(path), configuration: .with { $0.listenBacklog = 0 })
                require(listenFailure(.path(path)) != nil)
                require(try listener.answers(.path(path)))
                let client = try Socket.connect(to: .path(path), timeout: .zero)
                require(connectFailure(.path(path), timeout: .zero)?.code == .timedOut)
                require(connectFailure(.path(directory.file("none"))) != nil)
                require(listenFailure(.path(directory.file("file"))) != nil)
                require(listenFailure(.path(directory.file("none/s"))) != nil)
                require(connectFailure(.descriptor(listener.descriptor)) != nil)
                require(listenFailure(.descriptor(client.descriptor)) != nil)
                listener.close()
                Plain.leaveStaleFile(path)
            }
            let left = openDescriptors().subtracting(before)
            require(left == [], "\(left)")
        }
    }
}

/// Number and file of every open descriptor, without those that have no file: the runtime opens timers when it likes to, and
/// what is tested opens sockets and files only.
private func openDescriptors() -> Set<String> {
    var found: Set<String> = []
    for number in entries(of: "/proc/self/fd") {
        var target = [UInt8](repeating: 0, count: 256)
        let count = unsafe target.withUnsafeMutableBytes { buffer in
            unsafe readlink("/proc/self/fd/" + number, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        // The descriptor of the listing itself is closed by now.
        guard count > 0 else { continue }
        let file = String(decoding: target[..<count], as: UTF8.self)
        if !file.hasPrefix("anon_inode:") { found.insert("\(number) \(file)") }
    }
    return found
}

/// Sets the limit of descriptors, and returns what it was. With 0 none can be opened, whichever the runtime closes meanwhile, and
/// open ones go on working. For a process of its own.
private func limitDescriptors(to count: rlim_t) -> rlim_t {
    var limit = rlimit()
    require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    let previous = limit.rlim_cur
    limit.rlim_cur = count
    require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    return previous
}
