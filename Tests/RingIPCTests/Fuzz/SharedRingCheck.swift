@testable import RingIPC

/// A peer that writes any bytes into its segment while this side reads and writes: positions, sleeping words, headers, payloads.
///
/// What is right follows from the words that the peer wrote, without the code under test: whether a position may be believed, and where the
/// frames are, as the reference decoder says.
final class SharedRingCheck {
    private static let ringSize = 4_096
    private static let limit = 600

    private let isCanary: Bool
    private let own: SharedSegment
    private let peer: SharedSegment

    init(isCanary: Bool = false) {
        self.isCanary = isCanary
        do throws(TransportError) {
            own = try SharedSegment(ringSize: Self.ringSize)
            peer = try SharedSegment(ringSize: Self.ringSize)
        } catch {
            fatalError("\(error)")
        }
    }

    /// What is wrong; `nil` when all is as it must be.
    func failure(on input: UnsafeRawBufferPointer) -> String? {
        var input = unsafe FuzzInput(input)
        for word in [LaneWord.writePosition, .readPosition, .sleeping] { set(word, to: 0) }
        let words = unsafe MappedWords(own: own.base, peer: UnsafeRawPointer(peer.base))
        var reader = SharedRingReader(words: words, layout: peer.layout, maximumFrameLength: Self.limit)
        var writer = SharedRingWriter(words: words, layout: own.layout)
        var doorbell = Doorbell(words: words)
        for _ in 0..<24 {
            let choice = input.byte()
            set(.sleeping, to: UInt64(input.byte()))
            let failure =
                choice & 1 == 0
                ? read(&reader, &doorbell, &input, lies: choice & 2 != 0, looksAtHead: choice & 4 != 0)
                : write(&writer, &doorbell, &input, lies: choice & 2 != 0)
            switch failure {
            case .some(.refused): return nil
            case .some(.wrong(let what)): return what
            case nil: continue
            }
        }
        return nil
    }

    private enum End {
        /// The peer was found out, as it had to be.
        case refused
        case wrong(String)
    }

    private func set(_ word: LaneWord, to value: UInt64) {
        unsafe peer.base.storeBytes(of: value, toByteOffset: word.offset, as: UInt64.self)
    }

    /// A position near what is honest, or far from it.
    private func position(from honest: UInt64, _ input: inout FuzzInput, lies: Bool) -> UInt64 {
        let step = UInt64(input.byte())
        guard lies else { return honest &+ step &* 8 }
        return input.byte() & 1 == 0 ? honest &+ step &- 128 : honest &+ step << UInt64(input.byte() & 63)
    }
}

// MARK: Reading

extension SharedRingCheck {
    private func read(
        _ reader: inout SharedRingReader, _ doorbell: inout Doorbell<MappedWords>, _ input: inout FuzzInput, lies: Bool, looksAtHead: Bool
    ) -> End? {
        let (position, written, published) = (reader.consumer.position, reader.consumer.written, reader.consumer.published)
        for offset in 0..<min(input.byte(), 64) {
            let place = Int((written &+ UInt64(offset)) & UInt64(Self.ringSize - 1))
            unsafe peer.base.storeBytes(of: UInt8(input.byte()), toByteOffset: SegmentLayout.headLength + place, as: UInt8.self)
        }
        let claimed = self.position(from: written, &input, lies: lies)
        set(.writePosition, to: claimed)
        if looksAtHead, position == written {
            let isTold = isHead(at: position, publishedTo: published)
            guard reader.consumer.hasFrame() == isTold else { return .wrong("a head at \(position) believed: \(!isTold)") }
            if isTold { return take(from: &reader, &doorbell) }
        }
        let isHonest = claimed & 7 == 0 && claimed >= reader.consumer.seen && claimed - published <= UInt64(Self.ringSize) + (isCanary ? 8 : 0)
        let looks = position == written
        do throws(TransportError) {
            guard try reader.consumer.hasBytes() else { return nil }
        } catch {
            return looks && !isHonest && error.code == .invalidSharedMemory ? .refused : .wrong("\(claimed) refused: \(error)")
        }
        if looks && !isHonest { return .wrong("write position \(claimed) believed behind \(published), \(written)") }
        return take(from: &reader, &doorbell)
    }

    /// Whether the word at a position may be the head of a frame that is there.
    private func isHead(at position: UInt64, publishedTo published: UInt64) -> Bool {
        let place = SegmentLayout.headLength + Int(position & UInt64(Self.ringSize - 1))
        let word = unsafe peer.base.load(fromByteOffset: place, as: UInt64.self)
        let length = 8 + (UInt64(UInt32(truncatingIfNeeded: word)) + 7) / 8 * 8
        return word != 0 && word < 1 << 63 && position + length <= published + UInt64(Self.ringSize)
    }

    private func take(from reader: inout SharedRingReader, _ doorbell: inout Doorbell<MappedWords>) -> End? {
        let readable = unsafe Array(reader.readable)
        let expected = ReferenceDecoder(format: .native, limit: Self.limit).verdict(on: readable)
        var verdict = StreamVerdict()
        var consumed = 0
        do throws(TransportError) {
            var batch = reader.frames()
            while let frame = try batch.next() {
                verdict.frames.append(.data(unsafe frame.bytes.withUnsafeBytes { unsafe Array($0) }))
            }
            consumed = batch.consumedCount
            verdict.isFinished = batch.isFinished
            verdict.restCount = batch.remainingCount
            try SharedRingReader.requireFrame(in: &batch)
        } catch {
            let isDue = expected.error == error.code || (expected.restCount > 0 && error.code == .malformedFrame)
            return isDue && verdict.frames == expected.frames ? .refused : .wrong("\(error), but \(expected)")
        }
        guard verdict == expected, verdict.restCount == 0 else { return .wrong("\(verdict), but \(expected)") }
        _ = reader.consumer.release(consumed, through: &doorbell)
        return verdict.isFinished ? .refused : nil
    }
}

// MARK: Writing

extension SharedRingCheck {
    private func write(
        _ writer: inout SharedRingWriter, _ doorbell: inout Doorbell<MappedWords>, _ input: inout FuzzInput, lies: Bool
    ) -> End? {
        let payload = [UInt8](repeating: 0xA5, count: input.byte() * 8)
        let (released, published) = (writer.producer.released, writer.producer.published)
        let claimed = position(from: lies ? released : min(published, released &+ UInt64(input.byte()) &* 8), &input, lies: lies)
        set(.readPosition, to: claimed)
        let isHonest = claimed & 7 == 0 && claimed >= released && claimed <= published
        let (position, length) = (writer.producer.position, UInt64(payload.count + 8))
        let looks = writer.producer.room < length
        do throws(TransportError) {
            let isWritten = unsafe try writer.write(payload.span.bytes)
            if looks && !isHonest { return .wrong("read position \(claimed) believed between \(released) and \(published)") }
            // A word stays free behind what is published.
            let fits = position + length - (looks ? claimed : released) < UInt64(Self.ringSize)
            if isWritten != fits { return .wrong("\(length) bytes written: \(isWritten), at \(position), released \(claimed)") }
            if input.byte() & 1 == 0 { _ = writer.producer.publish(through: &doorbell) }
        } catch {
            return looks && !isHonest && error.code == .invalidSharedMemory ? .refused : .wrong("\(claimed) refused: \(error)")
        }
        return nil
    }
}
