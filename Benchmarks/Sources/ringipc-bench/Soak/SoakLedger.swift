internal import Glibc

/// One line for each connection that has ended, by each side that lived to see it. All processes append to one file; a line is one
/// `write`, so it is there whole even if its writer is killed just after.
struct LedgerLine: Equatable {
    enum Side: String {
        case server, client
    }

    /// `finished`, or the code of the error.
    static let finished = "finished"

    var side: Side
    var identity: UInt64
    /// Frames of this connection that its server received, or that its client sent.
    var frames: UInt64
    /// Echoes that the client received; of a server the same as ``frames``.
    var echoes: UInt64
    var reason: String

    var text: String { "\(side) \(identity) \(frames) \(echoes) \(reason)" }
}

extension LedgerLine {
    init(parsing text: Substring) throws(BenchmarkFailure) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 5, let side = Side(rawValue: words[0]), let identity = UInt64(words[1]),
            let frames = UInt64(words[2]), let echoes = UInt64(words[3])
        else { throw BenchmarkFailure("the ledger has a line that is none: '\(text)'") }
        self.init(side: side, identity: identity, frames: frames, echoes: echoes, reason: words[4])
    }
}

/// The file, for one of the processes that write to it.
final class LedgerFile: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(BenchmarkFailure) {
        descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchmarkFailure("cannot open the ledger \(path)") }
    }

    deinit { close(descriptor) }

    func append(_ line: LedgerLine) {
        guard writeAll(line.text + "\n", to: descriptor) else {
            StandardError.line("the ledger cannot be written")
            exit(1)
        }
    }
}

/// Who a connection belongs to: the number of its client process above, its own number below.
enum SoakIdentity {
    static func make(process: UInt64, connection: UInt64) -> UInt64 { process << 32 | connection }
    static func process(of identity: UInt64) -> UInt64 { identity >> 32 }
}
