internal import RingIPC

/// Who is measured: a backend of the library, a C program that shows what the kernel gives, or another library.
enum Contender: Hashable {
    case backend(MeasuredBackend)
    /// The library where no backend has a part in it.
    case library
    case limit(kind: String)
    /// With a batch of its own only where batches are compared.
    case peer(String, batch: Int? = nil)
    /// Its client, unchanged, and a server that is not its own.
    case client(of: String, batch: Int? = nil, at: Host)

    var name: String {
        switch self {
        case .backend(let backend): backend.rawValue
        case .library: "RingIPC"
        case .limit(let kind): "C \(kind)"
        case .peer(let name, let batch): batch.map { "\(name), batch \($0)" } ?? name
        case .client(let name, let batch, let host): Contender.peer(name, batch: batch).name + host.suffix
        }
    }

    /// Another library that has a part in it, and the batch in its name.
    var library: (name: String, batch: Int?)? {
        switch self {
        case .peer(let name, let batch), .client(let name, let batch, _): (name, batch)
        case .backend, .library, .limit: nil
        }
    }

    /// Whether a run goes on without it. What is ours must work.
    var isOurs: Bool {
        switch self {
        case .backend, .library: true
        case .limit, .peer, .client: false
        }
    }

    /// The C program that does the same with the same calls.
    func reference(in work: BenchmarkCase) -> Contender? {
        switch self {
        case .limit, .peer, .client: nil
        case .library: .limit(kind: "parse")
        case .backend(let backend): LimitRun.kind(of: backend, wait: work.wait, in: work.scenario).map { .limit(kind: $0) }
        }
    }
}

/// A server that the clients of other libraries stream into.
enum Host: CaseIterable {
    /// Plain `recv` in C, with the same verification.
    case limit
    case ours
    /// Not as it is by default.
    case oursModerated

    /// What the name of a contender has behind that of the client with its own server.
    var suffix: String {
        switch self {
        case .limit: " → C recv"
        case .ours: " → RingIPC"
        case .oursModerated: " → RingIPC, moderated"
        }
    }

    /// In a sentence.
    var phrase: String {
        switch self {
        case .limit: "a loop of recv in C"
        case .ours: "our server"
        case .oursModerated: "our server with moderated wake-ups"
        }
    }

    /// How it waits for the next message.
    var wait: WaitChoice { self == .oursModerated ? .moderated : .block }
}

extension LimitRun {
    /// The scenario of the C programs; `nil` where they have none.
    static func scenario(of scenario: ScenarioRun.Scenario) -> Scenario? {
        switch scenario {
        case .pingpong: .pingpong
        case .stream: .stream
        case .burst: .burst
        case .rate: .rate
        case .depth: .depth
        case .connect: .connect
        case .fanin: .fanin
        case .parse: .parse
        case .pace, .idle: nil
        }
    }

    /// The C program that makes the calls of a backend, or shares memory as it does.
    static func kind(of backend: MeasuredBackend, wait: WaitChoice, in scenario: ScenarioRun.Scenario) -> String? {
        guard let scenario = Self.scenario(of: scenario) else { return nil }
        let way =
            switch (scenario, backend) {
            case (_, .sharedMemory): "shared"
            // Opening a connection is the same call for all.
            case (.connect, _): "recv"
            case (_, .epoll): "epoll"
            case (_, .ioUring): "uring"
            case (_, .automatic): "recv"
            }
        let kinds = scenario.kinds(wait)
        return kinds.first { $0 == "\(way)-\(wait.rawValue)" } ?? kinds.first { $0 == way }
    }
}
