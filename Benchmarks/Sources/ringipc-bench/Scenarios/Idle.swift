internal import CBenchmark
internal import Glibc
internal import RingIPC

/// Connections that have said hello, where there is one, exchanged one message, and then say nothing: what each costs the server. That
/// of the library is the one of the fan-in; it wakes itself every 20 ms to see whether it should end, which is in its CPU share.
struct Idle {
    let options: ScenarioOptions
    let connections: Int
    let cpus: CPUPair

    private static let seconds: UInt64 = 2
    private static let payloadLength = 64
    /// Of the first connection: what a server makes on first use is its own, and not that of a connection.
    private static let firstMessages = 1000

    /// - Parameter server: listens at `address`, and ends when it is asked to.
    func measure(_ server: ChildProcess, _ address: String, into result: inout ScenarioResult) throws {
        // This process may be that of a whole run, whose later trials need the other CPU.
        let cpusBefore = try CPUSet.current()
        try CPUSet.pin(to: cpus.client)
        defer { try? cpusBefore.restore() }
        let watchdog = Watchdog.start(limit: 30)
        defer { watchdog.end() }
        let first = try newPeer(address)
        for _ in 0..<Self.firstMessages { try first.exchange() }
        let before = try ProcessMemory.of(server.identifier)
        var peers: [any IdlePeer] = []
        for number in 0..<connections {
            let peer = try newPeer(address)
            try peer.exchange()
            peers.append(peer)
            watchdog.note(number + 1)
        }
        let after = try ProcessMemory.of(server.identifier)
        result.size = Self.payloadLength
        result.seconds = Double(Self.seconds)
        let cpuBefore = bench_cpu_nanoseconds_of(server.identifier)
        bench_sleep_until(bench_monotonic_nanoseconds() + Self.seconds * 1_000_000_000)
        let spent = bench_cpu_nanoseconds_of(server.identifier) - cpuBefore
        result.cpuShareOfServer = Double(spent) / Double(Self.seconds * 1_000_000_000)
        result.bytesPerConnection = Double(after.ownBytes - before.ownBytes) / Double(connections)
        result.mappings = after.mappings
        // Only now: until here each of them was open.
        peers.removeAll()
        server.requestEnd()
        result.peakResidentBytes = try JSONLine.decode(SideReport.self, from: server.finish(within: 30)).peakResidentBytes
    }

    /// A server inherits the limit.
    func allowDescriptors() throws {
        try BenchmarkFailure.check(bench_allow_descriptors(UInt32(connections + 64)), "cannot raise the limit of descriptors")
    }

    private func newPeer(_ address: String) throws -> any IdlePeer {
        if options.backend == .sharedMemory { try LanePeer(address, options) } else { try RawPeer(address, options.framing) }
    }

    /// A client in shared memory, which takes part in the agreement on it.
    private final class LanePeer: IdlePeer {
        private var connection: Connection
        private let pingpong: Pingpong
        private var sequence = 0

        /// The first message may still take the socket.
        private static let exchangesToAgree = 3

        init(_ address: String, _ options: ScenarioOptions) throws {
            connection = try Connection(connectingTo: Endpoint(address), configuration: options.configuration)
            pingpong = Pingpong(options: options)
            for _ in 0..<Self.exchangesToAgree { try exchange() }
            try options.backend.require(connection.lane)
        }

        func exchange() throws {
            try pingpong.roundTrip(sequence, on: &connection)
            sequence += 1
        }
    }

    /// A client that costs no more than its socket. It closes abruptly; nothing is measured after that.
    private final class RawPeer: IdlePeer {
        private let descriptor: Int32
        private let frame: [UInt8]

        init(_ address: String, _ framing: Framing) throws {
            descriptor = try BenchmarkFailure.check(unsafe bench_connect(address), "cannot connect to the server")
            frame = Self.header(framing) + Content.bytes(1, size: payloadLength)
            guard framing == .native else { return }
            try send(Self.hello)
            try receive(Self.hello.count)
        }

        deinit { close(descriptor) }

        /// See `Docs/WireFormat.md`.
        private static let hello: [UInt8] = [
            0xFF, 0x52, 0x49, 0xFF, 1, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
        ]

        private static func header(_ framing: Framing) -> [UInt8] {
            let length = UInt8(payloadLength)
            switch framing {
            case .native: return [length, 0, 0, 0, 0, 0, 0, 0]
            case .u32le: return [length, 0, 0, 0]
            case .u32be, .qbytearray: return [0, 0, 0, length]
            case .u32host: return UInt32(length).littleEndian == UInt32(length) ? [length, 0, 0, 0] : [0, 0, 0, length]
            }
        }

        func exchange() throws {
            try send(frame)
            guard try receive(frame.count) == frame else { throw BenchmarkFailure("an echo has a wrong content") }
        }

        private func send(_ bytes: [UInt8]) throws {
            guard unsafe write(descriptor, bytes, bytes.count) == bytes.count else {
                throw BenchmarkFailure("cannot send to the server")
            }
        }

        @discardableResult
        private func receive(_ count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            guard unsafe recv(descriptor, &bytes, count, Int32(MSG_WAITALL)) == count else {
                throw BenchmarkFailure("the server ended a connection")
            }
            return bytes
        }
    }
}

private protocol IdlePeer: AnyObject {
    func exchange() throws
}

/// What a process holds alone, and what it has written together with others. Memory of the kernel, such as that of sockets, is not in it.
struct ProcessMemory: Equatable {
    let ownBytes: Int
    let mappings: Int

    static func of(_ process: Int32) throws -> ProcessMemory {
        guard let rollup = SystemFile.text("/proc/\(process)/smaps_rollup"), let maps = SystemFile.text("/proc/\(process)/maps")
        else { throw BenchmarkFailure("cannot read the memory of the server") }
        return ProcessMemory(rollup: rollup, maps: maps)
    }

    /// Anonymous memory is among the private pages; rings of shared memory, which client and server both have mapped, are shared and dirty.
    init(rollup: String, maps: String) {
        let keys = ["Private_Clean", "Private_Dirty", "Private_Hugetlb", "Shared_Dirty"]
        let kilobytes = keys.compactMap { key in
            SystemFile.value(of: key, inText: rollup).flatMap { Int($0.prefix { $0.isNumber }) }
        }
        ownBytes = kilobytes.reduce(0, +) * 1024
        mappings = maps.split(separator: "\n").count
    }
}
