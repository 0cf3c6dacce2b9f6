/// Another library under the same work: a program of ours that is written on it.
struct PeerProgram: Hashable, Sendable {
    let name: String
    /// What brings the library.
    let source: String
    /// Whether programs on it usually wait until each message has left, as `waitForBytesWritten` invites them to do.
    var sendsOneByOne = false

    static let known = [
        PeerProgram(name: "zeromq", source: "Debian package libzmq3-dev"),
        PeerProgram(name: "nng", source: "Debian package libnng-dev"),
        PeerProgram(name: "qt", source: "Debian package qt6-base-dev", sendsOneByOne: true),
        PeerProgram(name: "nio", source: "Swift package swift-nio"),
        PeerProgram(name: "libuv", source: "Debian package libuv1-dev"),
        PeerProgram(name: "asio", source: "Debian package libasio-dev"),
        PeerProgram(name: "gio", source: "Debian package libglib2.0-dev"),
    ]

    /// `nil` for one that is not known.
    static func named(_ name: String) -> PeerProgram? { known.first { $0.name == name } }

    /// Where it was built.
    var path: String? { Tool.peer(named: name) }

    /// What it says about itself; `nil` where it was not built.
    func about() throws -> PeerAbout? { try path.map(PeerAbout.init(program:)) }

    /// All known ones, built or not. One that is built and does not run is told like one that is missing.
    static func survey() -> [PeerReport] { known.map { PeerReport(program: $0, about: try? $0.about()) } }
}

/// What a peer program says about itself.
struct PeerAbout: Codable, Equatable, Sendable {
    var peer: String
    var version: String
    /// Its ways of waiting, `block` and perhaps `spin`.
    var waits: [String]
    /// What it can do, by the names of the scenarios.
    var scenarios: [String]
    /// Numbers of messages between two flushes that are worth trying.
    var batches: [Int]
    /// Those of the library that it sets, and why.
    var options: String

    /// The one of ``batches`` that is nearest; as it is where the peer names none.
    func batch(near wanted: Int) -> Int { batches.min { abs($0 - wanted) < abs($1 - wanted) } ?? wanted }
}

extension PeerAbout {
    init(program: String) throws {
        self = try JSONLine.decode(Self.self, from: ChildProcess(program, ["about"]).finish(within: 10))
    }
}

/// One line of the survey.
struct PeerReport: Equatable, Sendable {
    let program: PeerProgram
    /// `nil`: missing.
    let about: PeerAbout?

    /// Its version, or what would bring it.
    var version: String { about?.version ?? "missing (\(program.source))" }
}
