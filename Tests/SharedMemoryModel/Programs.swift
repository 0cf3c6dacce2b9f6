@testable import RingIPC

/// A small ring, and how many frames go through it. A frame is a header without payload: one place of 8 bytes.
struct Exchange: Hashable {
    let places: Int
    let frames: Int

    /// What a side has found wrong when its work is done.
    func run(side: Int, _ words: ModelWords) -> Violation? {
        do throws(TransportError) {
            return side == 0 ? try write(words) : try read(words)
        } catch {
            return .refused
        }
    }

    private func place(at position: UInt64) -> Int { Int(position / 8) % places }

    private func write(_ words: ModelWords) throws(TransportError) -> Violation? {
        var producer = RingProducer(words: words, size: 8 * places)
        var (sleeper, doorbell) = (Sleeper(words: words), Doorbell(words: words))
        for frame in 1...frames {
            while try !producer.hasRoom(for: 8), !words.isOver {
                sleeper.announce(.room)
                if try !producer.hasRoom(for: 8) { words.sleep() }
                sleeper.wakeUp()
            }
            if words.isOver { return nil }
            words.write(UInt64(frame), place: place(at: producer.position))
            producer.advance(8)
            try producer.publish(through: &doorbell) { () throws(TransportError) in words.ring() }
        }
        return nil
    }

    private func read(_ words: ModelWords) throws(TransportError) -> Violation? {
        var consumer = RingConsumer(words: words, size: 8 * places)
        var (sleeper, doorbell) = (Sleeper(words: words), Doorbell(words: words))
        for frame in 1...frames {
            while try !consumer.hasBytes(), !words.isOver {
                try consumer.publish(through: &doorbell) { () throws(TransportError) in words.ring() }
                sleeper.announce(.data)
                if try !consumer.hasBytes() { words.sleep() }
                sleeper.wakeUp()
            }
            let value = words.read(place: place(at: consumer.position))
            if words.isOver { return nil }
            guard value == UInt64(frame) else { return .wrongFrame }
            try consumer.release(8, through: &doorbell) { () throws(TransportError) in words.ring() }
        }
        return nil
    }
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
