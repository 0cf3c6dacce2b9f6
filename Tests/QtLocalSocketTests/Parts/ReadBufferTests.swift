import Testing

@testable import QtLocalSocket

@Suite struct ReadBufferTests {
    /// The same, as simple as can be.
    private struct Reference {
        var bytes: [UInt8] = []
        var start = 0
        var mark: Int?
        var unread: ArraySlice<UInt8> { bytes[start...] }
    }

    @Test func `it holds what a plain array with a position holds`() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var (buffer, reference) = (ReadBuffer(), Reference())
            for _ in 0..<300 { Self.act(&random, &buffer, &reference) }
            let isSame = buffer.peek(.max) == Array(reference.unread) && buffer.count == reference.unread.count
            #expect(isSame, "seed \(seed)")
        }
    }

    private static func act(_ random: inout SeededRandom, _ buffer: inout ReadBuffer, _ reference: inout Reference) {
        let count = random.number(0...40)
        switch random.number(0...7) {
        case 0, 1:
            let bytes = (0..<count).map { _ in random.number(0...9) == 0 ? UInt8(ascii: "\n") : UInt8(random.number(97...122)) }
            unsafe buffer.append(bytes.span.bytes)
            reference.bytes += bytes
        case 2:
            #expect(buffer.take(count) == Array(reference.unread.prefix(count)))
            reference.start += min(count, reference.unread.count)
        case 3:
            #expect(buffer.skip(count) == min(count, reference.unread.count))
            reference.start += min(count, reference.unread.count)
        case 4:
            let end = reference.unread.firstIndex(of: UInt8(ascii: "\n"))
            #expect(buffer.lineLength() == end.map { $0 + 1 - reference.start })
        case 5:
            buffer.startTransaction()
            reference.mark = reference.mark ?? reference.start
        case 6:
            buffer.commitTransaction()
            reference.mark = nil
        default:
            buffer.rollbackTransaction()
            reference.start = reference.mark ?? reference.start
            reference.mark = nil
        }
        #expect(buffer.count == reference.unread.count && buffer.isTransactionStarted == (reference.mark != nil))
        #expect(buffer.storedCount == reference.bytes.count - (reference.mark ?? reference.start))
        #expect(buffer.withUnread { $0.byteCount } == reference.unread.count)
    }

    @Test func `nonsense is no length`() {
        var buffer = ReadBuffer()
        let bytes: [UInt8] = [1, 2, 3]
        unsafe buffer.append(bytes.span.bytes)
        #expect(buffer.take(-1) == [] && buffer.skip(-5) == 0 && buffer.peek(.min) == [] && buffer.count == 3)
    }
}
