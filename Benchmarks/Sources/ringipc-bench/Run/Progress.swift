/// One line on a terminal that says what is being measured; nothing in a pipe or a file.
struct Progress {
    private let total: Int
    private let isShown: Bool
    private var done = 0

    init(total: Int, isShown: Bool = StandardError.isTerminal) {
        self.total = total
        self.isShown = isShown
    }

    mutating func step(_ what: String) {
        done += 1
        if isShown { StandardError.write(Self.line("[\(done)/\(total)] \(what)")) }
    }

    func clear() {
        if isShown { StandardError.write(Self.line("")) }
    }

    /// Carriage return, then "erase to the end of the line" (ECMA-48).
    private static func line(_ text: String) -> String { "\r\u{1B}[K\(text)" }
}
