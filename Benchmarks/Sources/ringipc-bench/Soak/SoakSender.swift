internal import RingIPC

/// The client's side of one connection, whatever carries it: what to send next, and the check of what comes back.
struct SoakSender {
    let identity: UInt64
    private(set) var sent: UInt64 = 0
    private var verifier: SoakVerifier
    /// After so many frames the connection ends in order.
    private let length: UInt64
    private var outstanding = 0

    init(identity: UInt64, seed: UInt64) {
        self.identity = identity
        var random = SeededRandom(seed: seed ^ identity)
        length = UInt64.random(in: 20...2_000, using: &random)
        verifier = SoakVerifier(identity: identity)
    }

    var echoes: UInt64 { verifier.count }
    var isAnswered: Bool { sent == echoes }

    /// The size of the frame that may be sent now; `nil` while the window is full, and when all was sent.
    var nextSize: Int? {
        guard sent < length else { return nil }
        let size = SoakFrame.size(identity: identity, sequence: sent)
        return outstanding == 0 || outstanding + size <= SoakSettings.window ? size : nil
    }

    mutating func noteSent(_ size: Int) {
        sent += 1
        outstanding += size
    }

    mutating func check(_ echo: RawSpan) throws(BenchmarkFailure) {
        guard !isAnswered else { throw BenchmarkFailure("connection \(identity): an echo came that nothing was sent for") }
        try verifier.check(echo)
        outstanding -= echo.byteCount
    }

    func line(_ reason: String) -> LedgerLine {
        LedgerLine(side: .client, identity: identity, frames: sent, echoes: echoes, reason: reason)
    }
}
