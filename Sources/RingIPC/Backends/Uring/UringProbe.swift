internal import CRingIPC

/// What this kernel's io_uring can do, found out by doing it: headers and version numbers do not know about backports, sysctls and
/// seccomp filters.
struct UringProbe: Sendable {
    let features: UringFeatures
    /// `nil` where io_uring works.
    let unavailable: UringUnavailable?

    /// Asked once per process.
    static let shared = UringProbe()

    private init() {
        do {
            features = try Self.probe()
            unavailable = nil
        } catch {
            features = []
            unavailable = error
        }
    }

    private static func probe() throws(UringUnavailable) -> UringFeatures {
        var ring = try LinuxRing(entries: 8, completions: 64)
        // Provided-buffer rings are the floor: without them there is no receive for many connections.
        try ring.registerBuffers(count: 2)
        var features = ring.features
        if try !supportsMultishotReceive(&ring) { features.remove(.multishotReceive) }
        return features
    }

    /// A kernel before 6.0 answers EINVAL to the flag.
    private static func supportsMultishotReceive(_ ring: inout LinuxRing) throws(UringUnavailable) -> Bool {
        var configuration = Configuration()
        configuration.pooledBufferCount = 2
        configuration.pooledBufferSize = 1_024
        guard var pool = try? BufferPool(configuration: configuration) else { throw UringUnavailable(systemError: ENOMEM) }
        ring.provideBuffers(of: &pool)
        var descriptors: (Int32, Int32) = (-1, -1)
        let result = unsafe withUnsafeMutablePointer(to: &descriptors) { pair in
            unsafe pair.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe ringipc_socketpair($0) }
        }
        guard result >= 0 else { throw UringUnavailable(systemError: -result) }
        let receiver = Socket(owning: descriptors.0)
        let sender = Socket(owning: descriptors.1)
        _ = unsafe ringipc_send(sender.descriptor, "x", 1, 0)
        ring.enqueue(
            UringRequest(
                kind: .receivePooled(multishot: true), descriptor: receiver.descriptor,
                token: Token(.receive, slot: 0, generation: 0)))
        var isSupported = false
        // A signal can end the wait before anything is there.
        while ring.readyCount == 0 {
            do { try ring.enter(.forever) } catch { throw UringUnavailable(systemError: error.systemError ?? EIO) }
        }
        ring.reap(upTo: .max) { completion, _ in isSupported = completion.result == 1 }
        return isSupported
    }
}
