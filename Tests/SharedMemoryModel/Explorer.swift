/// Runs two programs over weak memory in every order, with every outcome of every load.
struct Explorer {
    private struct State: Hashable {
        var programs = [0, 0]
        var memory = WeakMemory()
    }

    private var programs: [Program]
    private var seen: Set<State> = []
    private(set) var violations: Set<Violation> = []
    /// What each side has done in some run, and how many runs came to their end: an exploration that does not get there proves nothing.
    private(set) var operations: [Set<Operation>] = [[], []]
    private(set) var endCount = 0
    var stateCount: Int { seen.count }

    init(_ exchange: Exchange, mistake: Mistake? = nil) {
        programs = [0, 1].map { Program(exchange, side: $0, mistake: mistake) }
    }

    /// Visits every state that can be reached; with a mistake, until the first violation.
    mutating func explore(untilFirst: Bool = false) {
        var open = [State()]
        while let state = open.popLast() {
            guard seen.insert(state).inserted else { continue }
            open += successors(of: state)
            if untilFirst, !violations.isEmpty { return }
        }
    }

    private mutating func successors(of state: State) -> [State] {
        var successors: [State] = []
        var isOver = true
        for side in 0...1 {
            switch programs[side].step(in: state.programs[side]) {
            case .done(let violation):
                if let violation { violations.insert(violation) }
            case .next(let operation):
                isOver = false
                operations[side].insert(operation)
                for outcome in state.memory.outcomes(of: operation, side: side) {
                    switch outcome {
                    case .violation(let violation): violations.insert(violation)
                    case .after(let memory, let answer):
                        var successor = State(programs: state.programs, memory: memory)
                        successor.programs[side] = programs[side].state(after: state.programs[side], answer: answer)
                        successors.append(successor)
                    }
                }
            }
        }
        if isOver { endCount += 1 }
        if successors.isEmpty, !isOver, violations.isEmpty { violations.insert(.lostWakeUp) }
        return successors
    }
}
