import Glibc
import RingIPCTesting

@testable import RingIPC

/// Calls in random order, played on Linux and on the model at the same time: both have to answer the same.
///
/// How much a full socket takes differs. So little is sent that it fits both, or a socket is filled until neither takes more; then it is drained
/// before bytes are counted again.
struct RandomScript {
    private struct End {
        let number: Int
        /// The other end; `nil` before accept.
        var peer: Int?
        var isOpen = true
        // What was sent here and not read there.
        var byteCount = 0
        var sendCount = 0
        var isFull = false
    }

    private static let mostOpenEnds = 8
    private static let mostBytes = 600
    private static let mostSends = 12

    private var random: SeededRandom
    private let model: SimulatedSockets
    private let players: (linux: ScriptPlayer<LinuxSockets>, model: ScriptPlayer<SimulatedSockets>)
    private var ends: [End] = []
    private var waiting: [Int] = []
    private var isListening = false
    private var story: [String] = []
    /// How often each kind of call got each kind of answer.
    private(set) var answers: [String: Int] = [:]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        model = SimulatedSockets(seed: seed)
        players = (ScriptPlayer(on: LinuxSockets(name: "random-\(seed)")), ScriptPlayer(on: model))
    }

    /// The first difference, with the calls before it; `nil` if there was none.
    mutating func firstDifference(in calls: Int) -> String? {
        defer {
            players.linux.close()
            players.model.close()
        }
        for _ in 0..<calls {
            let step = nextStep()
            let (expected, answer) = (players.linux.play(step), players.model.play(step))
            story.append("\(step): \(expected)")
            guard answer == expected, expected != ScriptPlayer<LinuxSockets>.wrongBytes, model.model.violations.isEmpty else {
                return "\(step): Linux \(expected), the model \(answer) \(model.model.violations)\n"
                    + story.suffix(40).joined(separator: "\n")
            }
            learn(step, expected)
            let name = "\(step)".prefix { $0 != "(" }
            answers["\(name) \(expected < 0 ? "\(expected)" : expected == 0 ? "0" : "more")", default: 0] += 1
        }
        return nil
    }

    private mutating func nextStep() -> Step {
        guard isListening else { return .listen(backlog: Int32(random.number(0...3))) }
        let open = ends.filter(\.isOpen)
        if random.chance(0.02) { return .closeListener }
        if open.isEmpty || open.count < Self.mostOpenEnds && random.chance(0.1) { return .connect }
        if random.chance(0.1) { return .accept }
        let end = random.pick(open)
        switch random.number(0...99) {
        case 0..<30: return sending(end)
        case 30..<60: return receiving(end)
        case 60..<64: return .fill(end.number)
        case 64..<68: return .close(end.number)
        case 68..<72: return .shutdown(end.number, random.chance(0.6) ? .sending : .both)
        case 72..<80: return .unread(end.number)
        case 80..<88: return .peek(end.number)
        default: return .readiness(end.number)
        }
    }

    private mutating func sending(_ end: End) -> Step {
        let isAmple = end.byteCount < Self.mostBytes && end.sendCount < Self.mostSends
        // What nobody takes out is sent to a full socket; else it is read first.
        guard isAmple || end.isFull else {
            return end.peer.map { ends[$0].isOpen ? receiving(ends[$0]) : .send(end.number, 1) } ?? .unread(end.number)
        }
        return .send(end.number, random.pick([0, 1, 7, 40]))
    }

    private mutating func receiving(_ end: End) -> Step {
        if let peer = end.peer, ends[peer].isFull { return .drain(end.number) }
        return .receive(end.number, random.pick([1, 10, 60, 1_000]))
    }

    private mutating func learn(_ step: Step, _ answer: Int) {
        switch step {
        case .listen: isListening = true
        case .connect where answer == 0:
            waiting.append(ends.count)
            ends.append(End(number: ends.count))
        case .accept where answer == 0:
            let client = waiting.removeFirst()
            ends[client].peer = ends.count
            ends.append(End(number: ends.count, peer: client))
        case .closeListener:
            isListening = false
            waiting = []
        case .send(let end, _) where answer > 0:
            ends[end].byteCount += answer
            ends[end].sendCount += 1
        case .fill(let end): ends[end].isFull = ends[end].isFull || answer == -Int(EAGAIN)
        case .receive(let end, _) where answer > 0: took(answer, from: ends[end].peer!)
        case .drain(let end):
            guard let peer = ends[end].peer else { return }
            ends[peer].isFull = false
            took(ends[peer].byteCount, from: peer)
        case .close(let end): ends[end].isOpen = false
        default: break
        }
    }

    private mutating func took(_ count: Int, from end: Int) {
        ends[end].byteCount -= count
        if ends[end].byteCount == 0 { ends[end].sendCount = 0 }
    }
}
