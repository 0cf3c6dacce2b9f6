import Glibc
import RingIPC

struct Mismatch: Error { let index: Int }

/// Compares what comes in with the plan, byte by byte.
struct Checker: Sendable {
    private let plan: Plan
    private let hasFrames: Bool
    /// Whole messages so far.
    private(set) var count = 0
    /// Views so far: as many as messages where there are frames.
    private(set) var pieces = 0
    /// Without frames, the message that has begun and how much of it was there.
    private var current: [UInt8] = []
    private var offset = 0

    /// - Parameter hasFrames: `false` to compare the stream itself.
    init(_ plan: Plan, hasFrames: Bool) {
        self.plan = plan
        self.hasFrames = hasFrames
        if !hasFrames { begin() }
    }

    mutating func take(_ frame: borrowing FrameView) throws(Mismatch) {
        pieces += 1
        guard hasFrames else { return try takePiece(frame.bytes) }
        guard count < plan.count, frame.isNull == plan.isNull(count), Self.equal(frame.bytes, plan.payload(count)[...]) else {
            throw Mismatch(index: count)
        }
        count += 1
    }

    private mutating func takePiece(_ bytes: RawSpan) throws(Mismatch) {
        var position = 0
        while position < bytes.byteCount {
            let length = min(bytes.byteCount - position, current.count - offset)
            guard length > 0, Self.equal(bytes.extracting(position..<(position + length)), current[offset..<(offset + length)]) else {
                throw Mismatch(index: count)
            }
            position += length
            offset += length
            guard offset == current.count else { return }
            count += 1
            begin()
        }
    }

    /// The next message with any bytes. One without is whole as soon as the one before it is.
    private mutating func begin() {
        (current, offset) = ([], 0)
        while count < plan.count, current.isEmpty {
            current = plan.form.format == .bytes ? plan.payload(count) : plan.encoded(count)
            if current.isEmpty { count += 1 }
        }
    }

    private static func equal(_ bytes: RawSpan, _ expected: ArraySlice<UInt8>) -> Bool {
        guard bytes.byteCount == expected.count else { return false }
        guard !expected.isEmpty else { return true }
        return unsafe bytes.withUnsafeBytes { left in
            unsafe expected.withUnsafeBytes { right in unsafe memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0 }
        }
    }
}
