internal import CBenchmark
internal import Glibc
internal import RingIPC

/// Connections that have said hello, exchanged one message, and then say nothing: what each costs the server. The server is that
/// of the fan-in; it wakes itself every 20 ms to see whether it should end, which is in its CPU share.
struct Idle {
    let options: ScenarioOptions
    let connections: Int
    let cpus: CPUPair

    private static let seconds: UInt64 = 2
    private static let payloadLength = 64
    /// Of the first connection: what a server makes on first use is its own, and not that of a connection.
    private static let firstMessages = 1000

    func measure(into result: inout ScenarioResult) throws {
        try BenchmarkFailure.check(bench_allow_descriptors(UInt32(connections + 64)), "cannot raise the limit of descriptors")
        let address = ScenarioRun.newAddress()
        let server = try ScenarioRun.startServer("fanin", at: address, options, on: cpus.server)
        try CPUSet.pin(to: cpus.client)
        let watchdog = Watchdog.start(limit: 30)
        defer { watchdog.end() }
        let first = try RawPeer(address)
        for _ in 0..<Self.firstMessages { try first.exchange() }
        let before = try ProcessMemory.of(server.identifier)
        var peers: [RawPeer] = []
        for number in 0..<connections {
            let peer = try RawPeer(address)
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
        result.bytesPerConnection = Double(after.privateBytes - before.privateBytes) / Double(connections)
        result.mappings = after.mappings
        // Only now: until here each of them was open.
        peers.removeAll()
        server.requestEnd()
        result.peakResidentBytes = try JSONLine.decode(SideReport.self, from: server.finish(within: 30)).peakResidentBytes
    }

    /// A client that costs no more than its socket. It closes abruptly; nothing is measured after that.
    private final class RawPeer {
        private let descriptor: Int32

        init(_ address: String) throws {
            descriptor = try BenchmarkFailure.check(
                unsafe bench_connect_abstract(String(address.dropFirst())), "cannot connect to the server")
            try send(Self.hello)
            try receive(Self.hello.count)
        }

        deinit { close(descriptor) }

        /// See `Docs/WireFormat.md`.
        private static let hello: [UInt8] = [
            0xFF, 0x52, 0x49, 0xFF, 1, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
        ]
        private static let frame = [UInt8(payloadLength), 0, 0, 0, 0, 0, 0, 0] + Content.bytes(1, size: payloadLength)

        func exchange() throws {
            try send(Self.frame)
            guard try receive(Self.frame.count) == Self.frame else { throw BenchmarkFailure("an echo has a wrong content") }
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

/// What a process alone holds. Memory of the kernel, such as that of sockets, is not in it.
struct ProcessMemory: Equatable {
    let privateBytes: Int
    let mappings: Int

    static func of(_ process: Int32) throws -> ProcessMemory {
        guard let rollup = SystemFile.text("/proc/\(process)/smaps_rollup"), let maps = SystemFile.text("/proc/\(process)/maps")
        else { throw BenchmarkFailure("cannot read the memory of the server") }
        return ProcessMemory(rollup: rollup, maps: maps)
    }

    /// All anonymous memory of a process that shares none is among its private pages.
    init(rollup: String, maps: String) {
        let keys = ["Private_Clean", "Private_Dirty", "Private_Hugetlb"]
        let kilobytes = keys.compactMap { key in
            SystemFile.value(of: key, inText: rollup).flatMap { Int($0.prefix { $0.isNumber }) }
        }
        privateBytes = kilobytes.reduce(0, +) * 1024
        mappings = maps.split(separator: "\n").count
    }
}
