@testable import RingIPC

/// What the driven end lends. All of its pools are one file: each has a place of its own for its counters.
struct LentPools {
    static let layout = LoanPoolLayout(chunkSizeBits: LoanPoolLayout.chunkSizeBits.lowerBound, count: 2)!
    /// For all runs: the content of a chunk is what the last one has left there.
    let memory: LoanPool
    /// Numbers of those that were passed and have not ended, and whether a frame was lent from them.
    fileprivate var passed: [UInt32: Bool] = [:]
    fileprivate var lastNumber: UInt32 = 0
    /// By the number of the frame: where it lies until it is given back.
    fileprivate var out: [Int: Chunk] = [:]

    fileprivate struct Chunk {
        let pool: UInt32
        let index: Int
    }

    init(memory: LoanPool) { self.memory = memory }

    /// Of two chunks, so that one can be lent while the other is leased.
    static func makeMemory() throws(TransportError) -> LoanPool {
        let segment = try SharedSegment(ringSize: 4_096)
        // Only for the counters that the pool begins with, which are zero.
        let words = unsafe MappedWords(own: segment.base, peer: UnsafeRawPointer(segment.base))
        return try LoanPool(number: 1, place: 0, layout: layout, words: words)
    }
}

extension LanePeerActor {
    /// One step of a peer that lends.
    func lend(_ input: inout FuzzInput) {
        guard let memory = lentPools?.memory else { return }
        switch input.byte() % 8 {
        case 0: passPool()
        case 1, 2: lendFrame(count: input.byte() * 16, in: input.byte() & 1)
        case 3: endPool()
        case 4:
            let words = (number(&input), number(&input))
            lie { putInOrder(frame(.loan, words.0, words.1)) }
        case 5: lie { passAnything(&input) }
        case 6:
            let (chunk, place, value) = (input.byte() & 1, input.byte() & 31, number(&input))
            lie { unsafe memory.frame(in: chunk).storeBytes(of: value, toByteOffset: place, as: UInt64.self) }
        default:
            let (chunk, place, value) = (input.byte() & 3, input.byte() & 3, number(&input))
            lie { set(.returns(of: chunk, inPlace: place), value) }
        }
    }

    /// The frame was read, and is not leased.
    func isGivenBack(_ frame: Int) { lentPools?.out[frame] = nil }

    /// By the rules as long as there is a place for it.
    private func passPool() {
        guard var pools = lentPools, pools.lastNumber < LoanPoolLayout.maximumPools else { return }
        pools.lastNumber += 1
        pools.passed[pools.lastNumber] = false
        lentPools = pools
        let words = LoanPoolAnnouncement(number: pools.lastNumber, place: Int(pools.lastNumber) - 1, layout: LentPools.layout).words
        let bytes = frame(.loanPool, words.0, words.1)
        if isSwitched { pass(pools.memory, bytes) } else { lie { pass(pools.memory, bytes) } }
    }

    /// By the rules if the chunk is home. Frames that share a chunk's memory would change each other, so one is out at a time.
    private func lendFrame(count: Int, in chunk: Int) {
        guard let pools = lentPools, let number = pools.passed.keys.max() else { return }
        let encodedLength = FrameFormat.native.encodedLength(ofPayload: count)
        let words = LoanDescription(pool: number, chunk: chunk, encodedLength: encodedLength).words
        let description = frame(.loan, words.0, words.1)
        guard !pools.out.values.contains(where: { $0.index == chunk }) else { return lie { putInOrder(description) } }
        let payload = self.payload(count: count)
        for (offset, byte) in frame(payload).enumerated() {
            unsafe pools.memory.frame(in: chunk).storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        }
        guard putInOrder(description) else { return }
        lentPools?.passed[number] = true
        lentPools?.out[frames.count] = LentPools.Chunk(pool: number, index: chunk)
        frames.append(payload)
    }

    /// By the rules if it was lent from, and all is home.
    private func endPool() {
        guard let pools = lentPools, let number = pools.passed.keys.min() else { return }
        let end = frame(.loanPoolEnd, UInt64(number))
        guard pools.passed[number] == true, !pools.out.values.contains(where: { $0.pool == number }) else {
            return lie { putInOrder(end) }
        }
        if putInOrder(end) { lentPools?.passed[number] = nil }
    }

    private func passAnything(_ input: inout FuzzInput) {
        guard let memory = lentPools?.memory else { return }
        let announcement = frame(.loanPool, number(&input), number(&input))
        switch input.byte() & 3 {
        case 0: write(announcement)
        case 1: pass([wrongFile], announcement)
        default: pass(memory, announcement)
        }
    }

    private func pass(_ memory: LoanPool, _ bytes: [UInt8]) { if let file = memory.descriptor { pass([file], bytes) } }

    /// A frame of the lane, whose payload is these words.
    private func frame(_ kind: FrameKind, _ words: UInt64...) -> [UInt8] {
        word(NativeHeader.word(kind: kind, payloadLength: UInt32(8 * words.count))) + words.flatMap(word)
    }
}
