import Testing

@testable import ringipc_bench

@Suite struct ContentTests {
    /// The definition, a byte at a time.
    private func expected(_ sequence: UInt64, _ size: Int) -> [UInt8] {
        (0..<size).map { index in
            let word = sequence &+ UInt64(index / 8) &* Content.step
            return UInt8(truncatingIfNeeded: word >> UInt64(8 * (index % 8)))
        }
    }

    /// Both ways, which have to agree.
    private func matches(_ sequence: UInt64, _ bytes: [UInt8]) -> Bool {
        let isSame = unsafe Content.matches(sequence, bytes.span.bytes)
        #expect(unsafe Content.matchesAlone(sequence, bytes.span.bytes) == isSame)
        return isSame
    }

    @Test(arguments: [1, 7, 8, 9, 31, 32, 61, 63, 64, 65, 71, 72, 127, 128, 200, 255, 256, 257, 320, 328, 1024, 1027])
    func `content is as it is defined, for every size`(size: Int) {
        for sequence: UInt64 in [0, 1, 12345, .max] {
            let bytes = Content.bytes(sequence, size: size)
            #expect(bytes == expected(sequence, size))
            var alone = [UInt8](repeating: 0, count: size)
            unsafe alone.withUnsafeMutableBytes {
                var payload = unsafe $0.mutableBytes
                Content.writeAlone(sequence, to: &payload)
            }
            #expect(alone == bytes)
            #expect(matches(sequence, bytes))
        }
    }

    @Test(arguments: [1, 8, 13, 64, 77, 150, 320, 333])
    func `every changed byte is found`(size: Int) {
        for index in 0..<size {
            var bytes = Content.bytes(7, size: size)
            bytes[index] ^= 0x10
            #expect(!matches(7, bytes))
        }
    }
}

@Suite struct StreamVerifierTests {
    private func failure(after received: [[UInt8]], size: Int = 64) -> String? {
        var verifier = StreamVerifier(size: size)
        for message in received {
            do { try unsafe verifier.check(message.span.bytes) } catch { return "\(error)" }
        }
        return nil
    }

    private func message(_ sequence: UInt64) -> [UInt8] { Content.bytes(sequence, size: 64) }

    @Test func `a stream in order passes`() { #expect(failure(after: (0..<100).map(message)) == nil) }

    @Test func `a lost message is found`() {
        #expect(failure(after: [message(0), message(2)]) == "message 2 arrived where 1 was due: a message was lost or reordered")
    }

    @Test func `a repeated message is found`() {
        let failure = failure(after: [message(0), message(1), message(1)])
        #expect(failure == "message 1 arrived where 2 was due: a message was repeated")
    }

    @Test func `a torn message is found`() {
        #expect(failure(after: [Array(message(0)[..<32] + message(1)[32...])]) == "message 0 is torn or damaged")
    }

    @Test func `a cut message is found`() {
        #expect(failure(after: [Array(message(0)[..<63])]) == "message 0 has 63 bytes instead of 64")
    }
}
