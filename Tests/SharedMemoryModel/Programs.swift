@testable import RingIPC

/// Two small rings, and how many frames each side sends through its own. A frame takes one place: a header, and a payload that is padded to 8 bytes.
struct Exchange: Hashable {
    static let frameLength = 16

    /// A power of two. One is never in use: the zero behind what is published lies in it.
    let places: Int
    let frames: [Int]
    /// Frames of side 0 lie in a chunk whenever it is home; the ring then says so.
    let lends: Bool
    let waiting: Waiting
    let headComesLast: Bool

    /// What both sides do when there is nothing else to do.
    enum Waiting: Hashable {
        case sleep
        /// They sleep after a look at the head of the next frame.
        case lookAndSleep
        /// They look at heads and positions until there is something, and never sleep.
        case spin
    }

    /// - Parameters:
    ///   - frames: from side 0 to side 1.
    ///   - answers: the other way, not waiting for the frames.
    ///   - headComesLast: frames are published by their heads, as `Outbound.publishFrame` does; else they begin as drafts.
    init(places: Int, frames: Int, answers: Int = 0, lends: Bool = false, waiting: Waiting = .sleep, headComesLast: Bool = false) {
        self.places = places
        self.frames = [frames, answers]
        self.lends = lends
        self.waiting = waiting
        self.headComesLast = headComesLast
    }

    /// What a side has found wrong when its work is done.
    func run(side: Int, _ words: ModelWords) -> Violation? {
        do throws(TransportError) {
            return try exchange(side, words)
        } catch {
            return .refused
        }
    }

    /// Sends and receives what it can, and sleeps when it can do neither: as a connection does.
    private func exchange(_ side: Int, _ words: ModelWords) throws(TransportError) -> Violation? {
        var producer = RingProducer(words: words, size: Self.frameLength * places)
        var consumer = RingConsumer(words: words, size: Self.frameLength * places)
        var (sleeper, doorbell) = (Sleeper(words: words), Doorbell(words: words))
        doorbell.isNeeded = waiting != .spin
        var (unsent, unread) = (frames[side], frames[1 - side])
        var loans: UInt64 = 0
        while unsent > 0 || unread > 0 {
            words.turnBegins(with: [
                producer.position, producer.published, producer.released, producer.zeroed, consumer.position, consumer.published,
                consumer.written, consumer.seen, sleeper.number, doorbell.answered, UInt64(unsent), UInt64(unread), loans,
            ])
            var isIdle = true
            if unsent > 0, try producer.hasRoom(for: Self.frameLength) {
                let isLent = lends ? try words.isReturned(.chunk, loans) : false
                if words.isOver { return nil }
                if isLent {
                    words.write(UInt64(unsent), place: chunk)
                    loans += 1
                }
                let head = LaneWord.head(ofPlace: place(at: producer.position))
                if !headComesLast { words.storeRelaxed(1 | producer.draft, to: head) }
                words.write(isLent ? Self.description : UInt64(unsent), place: place(at: producer.position) + places * side)
                producer.advance(Self.frameLength)
                if headComesLast {
                    words.storeRelaxed(0, to: .head(ofPlace: place(at: producer.position)))
                    words.storeRelease(1, to: head)
                    if producer.followHead(through: &doorbell) { words.ring() }
                } else {
                    if producer.publish(through: &doorbell) { words.ring() }
                }
                (unsent, isIdle) = (unsent - 1, false)
            }
            if unread > 0, try consumer.hasBytes() || waiting != .sleep && consumer.hasFrame() {
                var frame = words.read(place: place(at: consumer.position) + places * (1 - side))
                if frame == Self.description {
                    loans += 1
                    frame = words.readChunk(place: chunk, loan: loans)
                    words.giveBack(.chunk, loans)
                }
                if words.isOver { return nil }
                guard frame == UInt64(unread) else { return .wrongFrame }
                if consumer.release(Self.frameLength, through: &doorbell) { words.ring() }
                (unread, isIdle) = (unread - 1, false)
            }
            if words.isOver { return nil }
            guard isIdle, waiting != .spin else { continue }
            if consumer.publish(through: &doorbell) { words.ring() }
            sleeper.announce(SleepReasons(rawValue: (unread > 0 ? 1 : 0) | (unsent > 0 ? 2 : 0)))
            var isReady = false
            if unsent > 0 { isReady = try producer.hasRoom(for: Self.frameLength) }
            if !isReady, unread > 0 { isReady = try consumer.hasBytes() }
            if !isReady { words.sleep() }
            sleeper.wakeUp()
        }
        return nil
    }

    /// What the ring has in the place of a frame that lies in the chunk.
    private static let description: UInt64 = 99
    /// The chunk takes the first place of the other ring, in which nothing is sent then.
    private var chunk: Int { places }

    private func place(at position: UInt64) -> Int { Int(position) / Self.frameLength % places }
}

/// What a side does next after each list of answers, found out once for each.
///
/// What a side does in a turn follows from its variables at the beginning of the turn, and from the answers since: lists that agree in that are
/// one state, however the side has come there.
struct Program {
    enum Step {
        case next(Operation)
        case done(Violation?)
    }

    private let exchange: Exchange
    private let side: Int
    private let mistake: Mistake?
    private var steps: [Step] = []
    /// The first list of answers that led to each state.
    private var answers: [[UInt64]] = []
    private var children: [[UInt64: Int]] = []
    private var states: [ModelWords.Turn: Int] = [:]

    init(_ exchange: Exchange, side: Int, mistake: Mistake?) {
        self.exchange = exchange
        self.side = side
        self.mistake = mistake
        _ = state(after: [])
    }

    /// States are numbers; 0 is the beginning.
    func step(in state: Int) -> Step { steps[state] }

    /// The state after one more answer.
    mutating func state(after state: Int, answer: UInt64) -> Int {
        if let known = children[state][answer] { return known }
        let new = self.state(after: answers[state] + [answer])
        children[state][answer] = new
        return new
    }

    private mutating func state(after list: [UInt64]) -> Int {
        let words = ModelWords(side: side, answers: list, mistake: mistake)
        let outcome = exchange.run(side: side, words)
        if let known = states[words.turn] { return known }
        states[words.turn] = steps.count
        steps.append(words.next.map { .next($0) } ?? .done(outcome))
        answers.append(list)
        children.append([:])
        return steps.count - 1
    }
}
