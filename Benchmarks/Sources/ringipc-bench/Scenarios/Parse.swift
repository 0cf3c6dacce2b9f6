internal import CBenchmark
internal import RingIPC

/// Finding frames alone, with no kernel in it: a block that stays in the cache is walked again and again. The C program `parse`
/// does the same.
struct Parse {
    private static let blockSize = 64 << 10
    private static let walksPerLook = 16

    private let size: Int
    private let framesPerBlock: Int
    private let block: [UInt8]
    private let parser: FrameParser

    /// - Parameter size: at least 8, so that each payload has a first word.
    init(size: Int) {
        let encodedLength = FrameFormat.native.encodedLength(ofPayload: size)
        self.size = size
        framesPerBlock = max(1, Self.blockSize / encodedLength)
        parser = FrameParser(format: .native, maximumFrameLength: size)
        var frame = [UInt8](repeating: 0, count: encodedLength)
        for byte in 0..<4 { frame[byte] = UInt8(truncatingIfNeeded: size >> (8 * byte)) }
        var block: [UInt8] = []
        for sequence in 0..<framesPerBlock {
            frame.replaceSubrange(8..<8 + size, with: Content.bytes(UInt64(sequence), size: size))
            block += frame
        }
        self.block = block
    }

    /// - Parameter seconds: how long to measure.
    func measure(seconds: Double = 0.5) throws -> ScenarioResult {
        _ = try walks(before: Deadline(seconds: seconds / 10))
        let start = bench_monotonic_nanoseconds()
        let walks = try walks(before: Deadline(seconds: seconds))
        let nanoseconds = bench_monotonic_nanoseconds() - start
        var result = ScenarioResult(scenario: "parse")
        result.framing = Framing.native.rawValue
        result.setRate(count: walks * framesPerBlock, size: size, seconds: Double(nanoseconds) / 1e9)
        result.nanosecondsPerFrame = Double(nanoseconds) / Double(walks * framesPerBlock)
        return result
    }

    private func walks(before deadline: Deadline) throws -> Int {
        var count = 0
        var sum: UInt64 = 0
        repeat {
            for _ in 0..<Self.walksPerLook { sum &+= try sumOfFirstWords() }
            count += Self.walksPerLook
        } while !deadline.isPassed
        // The first word of a message is its number. Only frames that were found give the sum.
        guard sum == UInt64(count * (framesPerBlock * (framesPerBlock - 1) / 2)) else {
            throw BenchmarkFailure("the frames of the block were not all found")
        }
        return count
    }

    @inline(never)
    private func sumOfFirstWords() throws -> UInt64 {
        var sum: UInt64 = 0
        var frames = unsafe parser.frames(in: block.span.bytes)
        while let frame = try frames.next() {
            sum &+= unsafe frame.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian
        }
        return sum
    }
}
