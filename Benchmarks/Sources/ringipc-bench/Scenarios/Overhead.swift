internal import CBenchmark
internal import RingIPC

/// What the tool itself costs in each message: the same producing, verifying, clock reading and recording, with no transport. Each part
/// is a call of its own here, which the scenarios have inlined, so that this is rather too much than too little.
struct Overhead: Codable, Equatable {
    var size: Int
    /// Nanoseconds of one message, in the median of several loops.
    var produce: Double
    var verify: Double
    var readClock: Double
    var record: Double
    /// Of a round trip: each side verifies, the client produces, reads the clock once and records.
    var pingpong: Double { produce + 2 * verify + readClock + record }
    /// Of a message: both sides work at the same time, the slower one counts.
    var stream: Double { max(produce, verify) }

    enum CodingKeys: String, CodingKey {
        case size
        case produce = "produce_ns"
        case verify = "verify_ns"
        case readClock = "clock_ns"
        case record = "record_ns"
        case pingpong = "pingpong_ns"
        case stream = "stream_ns"
    }

    private static let loops = 7
    private static let repetitions = 100_000

    static func measure(size: Int = 64) throws -> Overhead {
        var message = [UInt8](repeating: 0, count: size)
        let repetitions = max(100, min(Self.repetitions, (64 << 20) / size))
        let produce = time(repetitions) { Self.produce(UInt64($0), &message) }
        let expected = UInt64(repetitions - 1)
        var isRight = true
        let verify = time(repetitions) { _ in isRight = isRight && Self.verify(expected, message) }
        guard isRight else { throw BenchmarkFailure("a message that went nowhere has a wrong content") }
        var sum: UInt64 = 0
        let readClock = time(repetitions) { _ in sum &+= bench_monotonic_nanoseconds() }
        bench_note_progress(sum)
        var latencies = Latencies()
        let record = time(repetitions) { latencies.record(nanoseconds: UInt64(5000 + $0 & 1023)) }
        guard latencies.count == loops * repetitions else { throw BenchmarkFailure("a recorded time was lost") }
        return Overhead(size: size, produce: produce, verify: verify, readClock: readClock, record: record)
    }

    private static func time(_ repetitions: Int, _ body: (Int) -> Void) -> Double {
        let times = (0..<loops).map { _ in
            let start = bench_monotonic_nanoseconds()
            for number in 0..<repetitions { body(number) }
            return Double(bench_monotonic_nanoseconds() - start) / Double(repetitions)
        }
        return times.sorted()[loops / 2]
    }

    @inline(never)
    private static func produce(_ number: UInt64, _ message: inout [UInt8]) {
        var span = message.mutableSpan
        var bytes = unsafe span.mutableBytes
        Content.write(number, to: &bytes)
    }

    @inline(never)
    private static func verify(_ number: UInt64, _ message: [UInt8]) -> Bool { unsafe Content.matches(number, message.span.bytes) }

    init(size: Int, produce: Double, verify: Double, readClock: Double, record: Double) {
        self.size = size
        self.produce = produce
        self.verify = verify
        self.readClock = readClock
        self.record = record
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        size = try container.decode(Int.self, forKey: .size)
        produce = try container.decode(Double.self, forKey: .produce)
        verify = try container.decode(Double.self, forKey: .verify)
        readClock = try container.decode(Double.self, forKey: .readClock)
        record = try container.decode(Double.self, forKey: .record)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(size, forKey: .size)
        for (key, value) in parts { try container.encode(value, forKey: key) }
    }

    /// In the order of a table.
    var parts: [(CodingKeys, Double)] {
        [(.produce, produce), (.verify, verify), (.readClock, readClock), (.record, record), (.pingpong, pingpong), (.stream, stream)]
    }
}
