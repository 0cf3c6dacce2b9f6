@testable import RingIPC

/// Memory as C11 and Swift define it for atomics, by views: weaker than any processor in what the orders of this protocol allow.
///
/// A store adds a message to its word and may be seen at any later time: that is a store buffer, and one in which stores overtake each
/// other. A load takes any message that is not older than what its side knows: that is a load satisfied early. A release puts what its side
/// knows into the message, an acquire takes it out. Fences join what both sides know of the words, in the order in which they happen.
/// Places of frames are not atomic: an access that does not know of the last conflicting one is a race.
///
/// Not modelled is load buffering: two relaxed loads that each take what the other side stores behind its own. Accesses to places that are
/// delayed beyond a store are found, as races.
struct WeakMemory: Hashable {
    private struct Message: Hashable {
        let value: UInt64
        let view: View
    }

    private struct Side: Hashable {
        /// What it knows.
        var known = View()
        /// What it would know after a fence, from loads that did not acquire.
        var unfenced = View()
        /// What it knew at its last fence: what its relaxed stores pass on.
        var fenced = View()
        var rings = 0
    }

    private static let words: [LaneWord] = [.writePosition, .readPosition, .sleeping, .chunk] + (0..<4).map { .head(ofPlace: $0) }
    /// What a view has numbers for: the words of both sides, and behind them the places of both rings, or of one and a chunk, first their writes, then their reads.
    private static let wordCount = 16
    private static let placeCount = 8

    private var messages = [[Message]](repeating: [Message(value: 0, view: View())], count: wordCount)
    /// The number of the first message that is kept: older ones are known to be old.
    private var firstMessages = [UInt64](repeating: 0, count: wordCount)
    private var places = [UInt64](repeating: 0, count: placeCount)
    private var placeView = View()
    private var sides = [Side(), Side()]
    /// What fences have joined so far.
    private var fences = View()

    private static func index(of word: LaneWord, side: Int) -> Int { 2 * words.firstIndex(of: word)! + side }
    private static func writes(_ place: Int) -> Int { wordCount + place }
    private static func reads(_ place: Int) -> Int { wordCount + placeCount + place }

    enum Outcome {
        case after(WeakMemory, answer: UInt64)
        case violation(Violation)
    }

    /// Everything that can come of a side's operation now; nothing while it sleeps.
    func outcomes(of operation: Operation, side: Int) -> [Outcome] {
        var memory = self
        switch operation {
        case .load(let word, let acquires): return loads(Self.index(of: word, side: 1 - side), acquires, side)
        case .store(let word, let value, let releases): memory.store(value, Self.index(of: word, side: side), releases, side)
        case .fence: memory.fence(side)
        case .read(let place):
            guard sides[side].known[Self.writes(place)] == placeView[Self.writes(place)] else { return [.violation(.race)] }
            memory.advance(Self.reads(place), side)
            return [.after(memory, answer: places[place])]
        case .write(let place, let value):
            for access in [Self.writes(place), Self.reads(place)] where sides[side].known[access] != placeView[access] {
                return [.violation(.race)]
            }
            memory.advance(Self.writes(place), side)
            memory.places[place] = value
        case .ring: memory.sides[1 - side].rings = 1
        case .sleep:
            guard sides[side].rings > 0 else { return [] }
            memory.sides[side].rings = 0
        }
        return [.after(memory, answer: 0)]
    }

    private func loads(_ index: Int, _ acquires: Bool, _ side: Int) -> [Outcome] {
        let first = firstMessages[index]
        return messages[index].indices.map { offset in
            var memory = self
            let message = messages[index][offset]
            memory.sides[side].known[index] = first + UInt64(offset)
            memory.sides[side].unfenced = sides[side].unfenced.union(message.view)
            if acquires { memory.sides[side].known = memory.sides[side].known.union(message.view) }
            memory.forget()
            return .after(memory, answer: message.value)
        }
    }

    private mutating func store(_ value: UInt64, _ index: Int, _ releases: Bool, _ side: Int) {
        let number = firstMessages[index] + UInt64(messages[index].count)
        sides[side].known[index] = number
        var view = releases ? sides[side].known : sides[side].fenced
        view[index] = number
        messages[index].append(Message(value: value, view: view))
    }

    private mutating func fence(_ side: Int) {
        // Fences that only follow each other order no accesses to places: for that a load must see a store.
        let known = sides[side].known.union(sides[side].unfenced).union(fences)
        fences = known.ofWords
        (sides[side].known, sides[side].unfenced, sides[side].fenced) = (known, known, known)
        forget()
    }

    private mutating func advance(_ access: Int, _ side: Int) {
        placeView[access] += 1
        sides[side].known[access] = placeView[access]
    }

    /// Drops messages that nobody can load any more: a word is loaded by one side only.
    private mutating func forget() {
        for index in messages.indices {
            let oldest = sides[1 - index % 2].known[index]
            guard oldest > firstMessages[index] else { continue }
            messages[index].removeFirst(Int(oldest - firstMessages[index]))
            firstMessages[index] = oldest
        }
    }
}
