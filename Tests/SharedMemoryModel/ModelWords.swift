@testable import RingIPC

/// Stands in for mapped memory below the real ring and sleep code.
///
/// A side's code is run from its beginning each time, with the answers that it has got so far, until it asks for one more: that is its next
/// operation. The rest of that run gets answers that nobody looks at. So the code needs no threads, and a side's state is the list of its answers.
final class ModelWords: LaneWords {
    private let side: Int
    private let mistake: Mistake?
    private let answers: [UInt64]
    private var answerCount = 0
    private(set) var next: Operation?
    /// What everything from here on follows from.
    private(set) var turn = Turn()
    private var lastSeen: [LaneWord: UInt64] = [:]
    private var own: [LaneWord: UInt64] = [:]
    // For the mistakes.
    private var lastStored: LaneWord?
    private var isRecheck = false
    private var heldWrite: Operation?

    init(side: Int, answers: [UInt64], mistake: Mistake?) {
        self.side = side
        self.answers = answers
        self.mistake = mistake
    }

    struct Turn: Hashable {
        var variables: [UInt64] = []
        var own: [LaneWord: UInt64] = [:]
        var answers: [UInt64] = []
    }

    /// The program's variables, all that it has, at the beginning of a turn.
    func turnBegins(with variables: [UInt64]) {
        guard next == nil else { return }
        turn = Turn(variables: variables, own: own, answers: Array(answers.dropFirst(answerCount)))
    }

    /// Nothing that is done from here on counts.
    var isOver: Bool { next != nil }

    private func perform(_ operation: Operation) -> UInt64 {
        guard next == nil else { return 0 }
        guard answerCount < answers.count else {
            next = operation
            return 0
        }
        answerCount += 1
        return answers[answerCount - 1]
    }

    private func load(_ word: LaneWord, acquires: Bool) -> UInt64 {
        let value = perform(.load(word, acquires: acquires))
        // A run that is over learns nothing new, and finds no lie in it either.
        if !isOver { lastSeen[word] = value }
        return lastSeen[word] ?? 0
    }
}

// MARK: The words, with the mistakes

extension ModelWords {
    private var isWriter: Bool { side == 0 }

    func loadAcquire(_ word: LaneWord) -> UInt64 {
        defer { isRecheck = false }
        if isRecheck, mistake == (isWriter ? .writersRecheckMissing : .readersRecheckMissing) { return lastSeen[word] ?? 0 }
        let missing: Mistake =
            switch word {
            case .writePosition: .seenWithoutAcquire
            case .readPosition: .roomSeenWithoutAcquire
            case .chunk: .chunkSeenWithoutAcquire
            default: .headSeenWithoutAcquire
            }
        let acquires = mistake != missing
        return load(word, acquires: acquires)
    }

    func loadRelaxed(_ word: LaneWord) -> UInt64 { load(word, acquires: false) }

    func loadOwn(_ word: LaneWord) -> UInt64 { own[word] ?? 0 }

    func storeRelease(_ value: UInt64, to word: LaneWord) {
        (lastStored, own[word]) = (word, value)
        if word == .readPosition, mistake == .releasedBeforeRead { return }
        if word == .chunk, mistake == .chunkReturnedBeforeRead { return }
        let missing: Mistake =
            switch word {
            case .writePosition: .publishedWithoutRelease
            case .readPosition: .releasedWithoutRelease
            case .chunk: .chunkReturnedWithoutRelease
            default: .headWithoutRelease
            }
        _ = perform(.store(word, value, releases: mistake != missing))
        if let write = heldWrite { _ = perform(write) }
        heldWrite = nil
    }

    func storeRelaxed(_ value: UInt64, to word: LaneWord) {
        (lastStored, own[word]) = (word, value)
        var stored = value
        switch mistake {
        case .sleepsNotNumbered where word == .sleeping: stored &= 3
        case .headNotZeroed where word != .sleeping && value == 0: return
        case .headIsNoDraft where word != .sleeping: stored &= ~NativeHeader.draft
        default: break
        }
        _ = perform(.store(word, stored, releases: false))
    }

    func fence() {
        let isSleeper = lastStored == .sleeping
        isRecheck = isSleeper
        let missing: Mistake =
            if isSleeper {
                isWriter ? .writersFenceMissing : .readersFenceMissing
            } else {
                isWriter ? .fenceMissingBeforeReaderIsRung : .fenceMissingBeforeWriterIsRung
            }
        if mistake != missing { _ = perform(.fence) }
    }
}

// MARK: Frames and doorbells

extension ModelWords {
    func write(_ value: UInt64, place: Int) {
        if mistake == .publishedBeforeWritten {
            heldWrite = .write(place: place, value)
        } else {
            _ = perform(.write(place: place, value))
        }
    }

    func read(place: Int) -> UInt64 {
        if mistake == .releasedBeforeRead {
            // All that was seen: of a single frame the kept place would hide it.
            _ = perform(.store(.readPosition, lastSeen[.writePosition] ?? 0, releases: true))
        }
        return perform(.read(place: place))
    }

    /// What lies in the one chunk, of which it is the loan of that number.
    func readChunk(place: Int, loan: UInt64) -> UInt64 {
        if mistake == .chunkReturnedBeforeRead { _ = perform(.store(.chunk, loan, releases: true)) }
        return perform(.read(place: place))
    }

    func ring() {
        if mistake != (isWriter ? .readerNotRung : .writerNotRung) { _ = perform(.ring) }
    }

    func sleep() { _ = perform(.sleep) }
}

extension LaneWord {
    /// The counter of the one chunk that the model has.
    static let chunk = LaneWord.returns(of: 0, inPlace: 0)
    /// That of a frame in a ring of the model.
    static func head(ofPlace place: Int) -> LaneWord { .head(at: UInt64(Exchange.frameLength * place), inRingOf: 1 << 10) }
}
