internal import CBenchmark
internal import RingIPC

/// The processes of a soak: one server, and clients that are killed and replaced.
struct SoakPopulation {
    private struct Client {
        let number: UInt64
        let isLoop: Bool
        let child: ChildProcess
    }

    static let loopClients = 4
    static let connectionsOfLoopClient = 12
    static let blockingClients = 8

    private let address: String
    private let backend: MeasuredBackend
    private let seed: UInt64
    private let ledger: String
    private var server: ChildProcess?
    private var clients: [Client] = []
    private var nextNumber: UInt64 = 1
    private(set) var killedClients: Set<UInt64> = []
    private(set) var serverKills = 0
    /// Sockets of a server without clients: its listener, and what all processes here inherit.
    private(set) var quietSockets = 0

    init(address: String, backend: MeasuredBackend, seed: UInt64, ledger: String) throws {
        self.address = address
        self.backend = backend
        self.seed = seed
        self.ledger = ledger
        try startServer()
        quietSockets = serverFootprint?.sockets ?? 0
        for _ in 0..<Self.loopClients { clients.append(try newClient(isLoop: true)) }
        for _ in 0..<Self.blockingClients { clients.append(try newClient(isLoop: false)) }
    }

    var serverFootprint: ProcessFootprint? { server.flatMap { ProcessFootprint.of($0.identifier) } }

    private mutating func startServer() throws {
        let child = try ChildProcess(Tool.path, ["soak", "server", "--listen", address, "--backend", backend.rawValue, "--ledger", ledger])
        try child.waitUntilReady()
        server = child
    }

    private mutating func newClient(isLoop: Bool) throws -> Client {
        let number = nextNumber
        nextNumber += 1
        let connections = isLoop ? Self.connectionsOfLoopClient : 0
        let child = try ChildProcess(
            Tool.path,
            [
                "soak", "client", "--connect", address, "--backend", backend.rawValue, "--ledger", ledger, "--number", "\(number)",
                "--connections", "\(connections)", "--seed", "\(seed)",
            ])
        return Client(number: number, isLoop: isLoop, child: child)
    }

    /// SIGKILL, and another one in its place.
    mutating func replaceClient(using random: inout SeededRandom) throws {
        let index = Int.random(in: clients.indices, using: &random)
        killedClients.insert(clients[index].number)
        clients[index].child.kill()
        clients[index] = try newClient(isLoop: clients[index].isLoop)
    }

    mutating func replaceServer() throws {
        serverKills += 1
        server?.kill()
        try startServer()
    }

    /// Throws what a process that has ended by itself has to say.
    func requireAllRunning() throws {
        for child in clients.map(\.child) + [server].compactMap({ $0 }) where !child.isRunning {
            _ = try child.finish(within: 10)
            throw BenchmarkFailure("a process of the soak ended before it was told to")
        }
    }

    /// The clients send no more, wait for their last answers and end in order.
    mutating func endClients() throws {
        for client in clients {
            // Until then a signal would kill it.
            try client.child.waitUntilReady()
            client.child.requestEnd()
        }
        for client in clients { _ = try client.child.finish(within: 60) }
        clients = []
    }

    mutating func endServer() throws {
        server?.requestEnd()
        _ = try server?.finish(within: 30)
        server = nil
    }
}
