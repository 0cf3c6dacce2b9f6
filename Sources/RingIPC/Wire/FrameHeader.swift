/// The constants of the native header, and what can be read from it. `Docs/WireFormat.md` is the reference.
@usableFromInline
enum NativeHeader {
    @usableFromInline static let length = 8

    /// Bytes of a frame: the header and the payload, padded to a multiple of 8. In one step, since it is on the way from each frame to the next.
    @inlinable
    @inline(__always)
    static func encodedLength(ofPayload count: Int) -> Int { (count &+ 15) & ~7 }

    /// The third byte pair of the header, above the 32 bits of the length.
    static let kindShift: UInt64 = 32
    static let flagsShift: UInt64 = 40
    static let reservedShift: UInt64 = 48

    static let ignorable: UInt8 = 1 << 0
    /// In a ring of shared memory, the header of a frame that is not published yet. A reader that looks at it does not take it.
    @usableFromInline static let draft: UInt64 = 1 << 63
    /// Besides that: the frame is published as soon as it is whole.
    @usableFromInline static let singleDraft: UInt64 = 1 << 62
    @usableFromInline static let anyDraft: UInt64 = draft | singleDraft

    /// A header without payload, as the little-endian word that is written.
    static func word(kind: FrameKind, payloadLength: UInt32 = 0) -> UInt64 {
        UInt64(payloadLength) | UInt64(kind.rawValue) << kindShift
    }
}

/// What a native frame carries. Data is 0, so that a data header is nothing but its length.
enum FrameKind: UInt8 {
    case data = 0
    /// The sender has closed its side in order; nothing follows.
    case goodbye = 1

    // Of the shared-memory lane: only where both hellos have offered it. `Docs/SharedMemory.md` tells when each may come.

    /// The sender has mapped what came with the peer's hello, and says how many bytes of loan pools it maps.
    case laneAccepted = 2
    /// It has not, and the socket carries on.
    case laneRefused = 3
    /// The last word on the socket: what follows is in the sender's ring.
    case laneSwitch = 4
    /// Wakes a peer that sleeps. On the socket, after the switch.
    case doorbell = 5
    /// A part of a frame that is longer than the ring can take. In the ring.
    case piece = 6
    /// A pool of chunks for loans; its descriptor comes with it. On the socket, after the switch.
    case loanPool = 7
    /// A frame that lies in a chunk. In the ring.
    case loan = 8
    /// A pool that is not needed any more. In the ring.
    case loanPoolEnd = 9

    var isOfLane: Bool { rawValue >= Self.laneAccepted.rawValue }

    /// Bytes of payload that a frame of this kind has; `nil` when that differs from frame to frame.
    var payloadLength: Int? {
        switch self {
        case .data, .piece: nil
        case .goodbye, .laneRefused, .laneSwitch, .doorbell: 0
        case .laneAccepted, .loanPoolEnd: 8
        case .loanPool, .loan: 16
        }
    }
}

extension NativeHeader {
    /// The header of a frame of the lane.
    struct LaneFrame {
        let kind: FrameKind
        let payloadLength: Int
        var encodedLength: Int { FrameFormat.native.encodedLength(ofPayload: payloadLength) }
    }

    /// The frame of the lane that `bytes` begin with; `nil` when they begin with another one, or are less than a header. The header is read
    /// once: in a peer's ring it can change at any time.
    static func laneFrame(in bytes: UnsafeRawBufferPointer) -> LaneFrame? {
        guard bytes.count >= length else { return nil }
        let word = UInt64(littleEndian: unsafe bytes.loadUnaligned(as: UInt64.self))
        guard word >> flagsShift == 0, let kind = FrameKind(rawValue: UInt8(truncatingIfNeeded: word >> kindShift)), kind.isOfLane else {
            return nil
        }
        return LaneFrame(kind: kind, payloadLength: Int(UInt32(truncatingIfNeeded: word)))
    }

    /// A word of the payload of the lane's frame that `bytes` begin with, which has it. Each is read once: in a peer's ring it can change at any time.
    static func word(_ index: Int, ofPayloadIn bytes: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: length * (1 + index), as: UInt64.self))
    }

    /// Whether `bytes` begin with a whole header of a data frame.
    static func isData(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= length else { return false }
        return UInt64(littleEndian: unsafe bytes.loadUnaligned(as: UInt64.self)) >> kindShift == 0
    }
}
