/// How a contender looks in every picture: colour, dash and symbol differ together, so that none of them is the only sign.
struct ContenderStyle {
    let ink: Ink
    /// Lengths of dashes and gaps; empty for a line without gaps.
    let dashes: [Int]
    /// gnuplot's number of the symbol.
    let symbol: Int
    let width: Double

    init(_ contender: String) {
        let name = Self.displayName(contender)
        let known = Self.known[name]
        ink = known?.ink ?? .muted
        dashes = known?.dashes ?? [2, 2]
        symbol = known?.symbol ?? 1
        width = known?.width ?? 1.5
    }

    private init(_ ink: Ink, _ dashes: [Int], _ symbol: Int, _ width: Double) {
        self.ink = ink
        self.dashes = dashes
        self.symbol = symbol
        self.width = width
    }

    /// Whether a C program blocks or spins is said by the picture's title.
    static func displayName(_ contender: String) -> String {
        for suffix in ["-block", "-spin"] where contender.hasPrefix("C ") && contender.hasSuffix(suffix) {
            return String(contender.dropLast(suffix.count))
        }
        return contender
    }

    /// The library strong, the C programs grey, other libraries in between.
    private static let known: [String: ContenderStyle] = [
        "epoll": ContenderStyle(.vermilion, [], 5, 2.5),
        "io_uring": ContenderStyle(.blue, [14, 3], 7, 2.5),
        "automatic": ContenderStyle(.green, [6, 3], 9, 2.5),
        "shared-memory": ContenderStyle(.text, [], 10, 2.5),
        "C epoll": ContenderStyle(.muted, [2, 3], 4, 1.5),
        "C uring": ContenderStyle(.muted, [7, 2, 2, 2], 6, 1.5),
        "C recv": ContenderStyle(.muted, [1, 3], 8, 1.5),
        "C bytes": ContenderStyle(.muted, [10, 4], 2, 1.5),
        "C shared": ContenderStyle(.muted, [4, 2, 1, 2], 14, 1.5),
        "zeromq": ContenderStyle(.orange, [10, 4], 13, 1.75),
        "nng": ContenderStyle(.sky, [4, 3], 11, 1.75),
        "qt": ContenderStyle(.purple, [8, 3, 2, 3], 15, 1.75),
        "nio": ContenderStyle(.yellow, [10, 3, 2, 3, 2, 3], 12, 1.75),
        "libuv": ContenderStyle(.text, [3, 3], 1, 1.75),
        "asio": ContenderStyle(.orange, [2, 2], 2, 1.75),
        "gio": ContenderStyle(.sky, [12, 4, 3, 4], 3, 1.75),
    ]
}

/// A colour of the page. gnuplot gets a stand-in for it, which becomes a variable of the style sheet: one drawing serves light and
/// dark.
enum Ink: Int, CaseIterable {
    case text, muted, grid, surface
    case orange, sky, green, yellow, blue, vermilion, purple

    /// For gnuplot. Nobody else uses this corner of the colours.
    var standIn: String { "#fe01" + (rawValue < 16 ? "0" : "") + String(rawValue, radix: 16) }

    /// For the style sheet.
    var variable: String { "--\(self)" }

    /// The two ways in which gnuplot writes a colour.
    var written: [String] {
        let padded = String(repeating: " ", count: 3 - "\(rawValue)".count) + "\(rawValue)"
        return ["rgb(254,   1, \(padded))", "rgb(254,1,\(rawValue))"]
    }
}
