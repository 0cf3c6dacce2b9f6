@testable import RingIPC

/// Two small rings, and how many frames each side sends through its own. A frame is a header without payload: one place of 8 bytes.
struct Exchange: Hashable {
    let places: Int
    let frames: [Int]
    /// Frames of side 0 lie in a chunk whenever it is home; the ring then says so.
    let lends: Bool

    /// - Parameters:
    ///   - frames: from side 0 to side 1.
    ///   - answers: the other way, not waiting for the frames.
    init(places: Int, frames: Int, answers: Int = 0, lends: Bool = false) {
        self.places = places
        self.frames = [frames, answers]
        self.lends = lends
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
        var producer = RingProducer(words: words, size: 8 * places)
        var consumer = RingConsumer(words: words, size: 8 * places)
        var (sleeper, doorbell) = (Sleeper(words: words), Doorbell(words: words))
        let ring = { () throws(TransportError) in words.ring() }
        var (unsent, unread) = (frames[side], frames[1 - side])
        var loans: UInt64 = 0
        while unsent > 0 || unread > 0 {
            var isIdle = true
            if unsent > 0, try producer.hasRoom(for: 8) {
                let isLent = lends ? try words.isReturned(.chunk, loans) : false
                if words.isOver { return nil }
                if isLent {
                    words.write(UInt64(unsent), place: chunk)
                    loans += 1
                }
                words.write(isLent ? Self.description : UInt64(unsent), place: place(at: producer.position, inRingOf: side))
                producer.advance(8)
                try producer.publish(through: &doorbell, ring: ring)
                (unsent, isIdle) = (unsent - 1, false)
            }
            if unread > 0, try consumer.hasBytes() {
                var frame = words.read(place: place(at: consumer.position, inRingOf: 1 - side))
                if frame == Self.description {
                    loans += 1
                    frame = words.readChunk(place: chunk, loan: loans)
                    words.giveBack(.chunk, loans)
                }
                if words.isOver { return nil }
                guard frame == UInt64(unread) else { return .wrongFrame }
                try consumer.release(8, through: &doorbell, ring: ring)
                (unread, isIdle) = (unread - 1, false)
            }
            if words.isOver { return nil }
            guard isIdle else { continue }
            try consumer.publish(through: &doorbell, ring: ring)
            sleeper.announce(SleepReasons(rawValue: (unread > 0 ? 1 : 0) | (unsent > 0 ? 2 : 0)))
            var isReady = false
            if unsent > 0 { isReady = try producer.hasRoom(for: 8) }
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

    private func place(at position: UInt64, inRingOf side: Int) -> Int { places * side + Int(position / 8) % places }
}

/// What a side does next after each list of answers, found out once for each.
struct Program {
    enum Step {
        case next(Operation)
        case done(Violation?)
    }

    private let exchange: Exchange
    private let side: Int
    private let mistake: Mistake?
    private var steps: [Step]
    private var answers: [[UInt64]] = [[]]
    private var children: [[UInt64: Int]] = [[:]]

    init(_ exchange: Exchange, side: Int, mistake: Mistake?) {
        self.exchange = exchange
        self.side = side
        self.mistake = mistake
        steps = [Self.step(exchange, side, [], mistake)]
    }

    /// States are numbers; 0 is the beginning.
    func step(in state: Int) -> Step { steps[state] }

    /// The state after one more answer.
    mutating func state(after state: Int, answer: UInt64) -> Int {
        if let known = children[state][answer] { return known }
        let longer = answers[state] + [answer]
        let new = steps.count
        steps.append(Self.step(exchange, side, longer, mistake))
        answers.append(longer)
        children.append([:])
        children[state][answer] = new
        return new
    }

    private static func step(_ exchange: Exchange, _ side: Int, _ answers: [UInt64], _ mistake: Mistake?) -> Step {
        let words = ModelWords(side: side, answers: answers, mistake: mistake)
        let outcome = exchange.run(side: side, words)
        return words.next.map { .next($0) } ?? .done(outcome)
    }
}
