internal import CRingIPC

/// What a peer sends on the socket after it has switched to its ring: doorbells, which say nothing but that they were rung.
@safe
struct LaneSocketInput: ~Copyable {
    enum Outcome { case open, end }

    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0

    init() { unsafe memory = .allocate(byteCount: Self.capacity, alignment: 8) }

    deinit { unsafe memory.deallocate() }

    private static let capacity = 1_024
    /// A peer that rings without end costs no more than this in a row; whoever waits at the socket comes back.
    private static let maximumReads = 16

    /// Takes what is there, without waiting.
    mutating func read(_ socket: Int32) throws(TransportError) -> Outcome {
        for _ in 0..<Self.maximumReads {
            let result = unsafe ringipc_receive(socket, memory.baseAddress! + count, memory.count - count, Int32(MSG_DONTWAIT))
            switch result {
            case 1...:
                count += result
                try workOff()
            case 0: return .end
            case -Int(EAGAIN): return .open
            case -Int(EINTR): break
            // A reset says that the peer closed its end while doorbells of ours were unread.
            default: return .end
            }
        }
        return .open
    }

    /// Takes bytes that came with others.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws(TransportError) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let piece = unsafe rest.keeping(memory.count - count)
            unsafe (memory.baseAddress! + count).copyMemory(from: piece.baseAddress!, byteCount: piece.count)
            count += piece.count
            unsafe rest = unsafe rest.dropping(piece.count)
            try workOff()
        }
    }

    private mutating func workOff() throws(TransportError) {
        var position = 0
        while count - position >= NativeHeader.length {
            let word = unsafe UInt64(littleEndian: memory.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            guard word == NativeHeader.word(kind: .doorbell) else {
                throw TransportError(
                    .malformedFrame, during: .receive,
                    detail: "the peer has switched to shared memory and still sends by the socket; it is broken or hostile")
            }
            position += NativeHeader.length
        }
        count -= position
        unsafe memory.baseAddress!.copyMemory(from: memory.baseAddress! + position, byteCount: count)
    }
}
