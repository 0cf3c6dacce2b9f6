internal import CRingIPC

/// What a peer sends on the socket after it has switched to its ring: doorbells, which say nothing but that they were rung, and pools of loans with
/// their descriptors.
@safe
struct LaneSocketInput: ~Copyable {
    enum Outcome { case open, end }

    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0
    /// Descriptors whose frames are not complete, or not read yet.
    var passed = PassedDescriptors()

    init() { unsafe memory = .allocate(byteCount: Self.capacity, alignment: 8) }

    deinit { unsafe memory.deallocate() }

    private static let capacity = 1_024
    /// A peer that rings without end costs no more than this in a row; whoever waits at the socket comes back. More than the pools that an honest
    /// peer has, each of which ends a read.
    private static let maximumReads = 2 * LoanPoolLayout.maximumPools

    /// Takes what is there, without waiting.
    mutating func read(_ socket: Int32, into loans: inout IncomingLoans) throws(TransportError) -> Outcome {
        for _ in 0..<Self.maximumReads {
            guard let outcome = try readOnce(socket, Int32(MSG_DONTWAIT), into: &loans) else { continue }
            return outcome
        }
        return .open
    }

    /// Waits until something is there, and takes it; what comes after it is left to the next time.
    mutating func awaitInput(_ socket: Int32, into loans: inout IncomingLoans) throws(TransportError) -> Outcome {
        try readOnce(socket, 0, into: &loans) ?? .open
    }

    /// `nil` when there may be more.
    private mutating func readOnce(_ socket: Int32, _ flags: Int32, into loans: inout IncomingLoans) throws(TransportError) -> Outcome? {
        var descriptor: Int32 = -1
        // With room for descriptors: the kernel would close them on this thread, for as long as that takes.
        let result = unsafe ringipc_receive_descriptor(socket, memory.baseAddress! + count, memory.count - count, flags, &descriptor)
        if descriptor != -1, !passed.append(descriptor) { throw PassedDescriptors.surplus() }
        switch result {
        case 1...:
            count += result
            try workOff(into: &loans)
            return nil
        case 0: return .end
        case -Int(EAGAIN): return .open
        case -Int(EINTR): return nil
        // A reset says that the peer closed its end while doorbells of ours were unread.
        default: return .end
        }
    }

    /// Takes bytes that came with others.
    mutating func take(_ bytes: UnsafeRawBufferPointer, into loans: inout IncomingLoans) throws(TransportError) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let piece = unsafe rest.keeping(memory.count - count)
            unsafe (memory.baseAddress! + count).copyMemory(from: piece.baseAddress!, byteCount: piece.count)
            count += piece.count
            unsafe rest = unsafe rest.dropping(piece.count)
            try workOff(into: &loans)
        }
    }

    private mutating func workOff(into loans: inout IncomingLoans) throws(TransportError) {
        var position = 0
        while count - position >= NativeHeader.length {
            switch word(at: position) {
            case NativeHeader.word(kind: .doorbell): position += NativeHeader.length
            case NativeHeader.word(kind: .loanPool, payloadLength: 16):
                guard count - position >= Self.poolLength else { return keep(from: position) }
                guard let descriptor = passed.takeFirst() else {
                    throw Self.malformed("the peer has announced a loan pool and passed none")
                }
                try loans.announce(LoanPoolAnnouncement(words: (word(at: position + 8), word(at: position + 16))), descriptor)
                position += Self.poolLength
            default: throw Self.malformed("the peer has switched to shared memory and still sends by the socket")
            }
        }
        keep(from: position)
    }

    private static let poolLength = FrameFormat.native.encodedLength(ofPayload: 16)

    private func word(at position: Int) -> UInt64 {
        unsafe UInt64(littleEndian: memory.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    private static func malformed(_ detail: String) -> TransportError {
        TransportError(.malformedFrame, during: .receive, detail: "\(detail); it is broken or hostile")
    }

    private mutating func keep(from position: Int) {
        count -= position
        unsafe memory.baseAddress!.copyMemory(from: memory.baseAddress! + position, byteCount: count)
    }
}
