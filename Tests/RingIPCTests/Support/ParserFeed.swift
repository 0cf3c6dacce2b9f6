@testable import RingIPC

/// Drives ``FrameParser`` as a connection does: bytes come in pieces, what is not a whole frame waits for the next piece.
struct ParserFeed {
    let parser: FrameParser
    private(set) var verdict = StreamVerdict()
    private(set) var error: TransportError?
    private var pending: [UInt8] = []

    init(_ format: FrameFormat, limit: Int) { parser = FrameParser(format: format, maximumFrameLength: limit) }

    mutating func feed(_ bytes: some Collection<UInt8>) {
        guard error == nil, !bytes.isEmpty else { return }
        // A batch knows nothing of the one before it; who drives it remembers the goodbye.
        guard !verdict.isFinished else { return fail(TransportError(.malformedFrame, during: .receive, detail: "bytes follow a goodbye")) }
        pending += bytes
        let available = pending
        do throws(TransportError) {
            var batch = unsafe parser.frames(in: available.span.bytes)
            while let frame = try batch.next() {
                verdict.frames.append(frame.isNull ? .null : .data(array(frame.bytes)))
            }
            verdict.isFinished = batch.isFinished
            pending.removeFirst(batch.consumedCount)
            verdict.restCount = pending.count
        } catch {
            fail(error)
        }
    }

    private mutating func fail(_ error: TransportError) {
        self.error = error
        verdict = StreamVerdict(frames: verdict.frames, error: error.code)
    }

    static func verdict(on pieces: [some Collection<UInt8>], _ format: FrameFormat, limit: Int) -> StreamVerdict {
        var feed = ParserFeed(format, limit: limit)
        for piece in pieces { feed.feed(piece) }
        return feed.verdict
    }

    /// The error that a whole stream ends with.
    static func error(on stream: [UInt8], _ format: FrameFormat, limit: Int = 1_000) -> TransportError? {
        var feed = ParserFeed(format, limit: limit)
        feed.feed(stream)
        return feed.error
    }
}
