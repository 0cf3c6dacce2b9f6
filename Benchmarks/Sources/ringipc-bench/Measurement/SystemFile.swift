internal import FoundationEssentials

/// Reads the small text files of /proc and /sys.
enum SystemFile {
    static func text(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        return text.trimmed
    }

    static func number(_ path: String) -> Int? { text(path).flatMap { Int($0) } }

    /// The value of the first line `key: value`.
    static func value(of key: String, in path: String) -> String? {
        text(path).flatMap { value(of: key, inText: $0) }
    }

    static func value(of key: String, inText text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, String(parts[0]).trimmed == key { return String(parts[1]).trimmed }
        }
        return nil
    }
}

extension String {
    /// Without white space at its ends.
    var trimmed: String {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? endIndex
        return String(self[start..<end])
    }

    /// On one line, without the dot that may end it.
    var sentence: String { singleLine.last == "." ? String(singleLine.dropLast()) : singleLine }

    var singleLine: String { split(whereSeparator: \.isNewline).map { String($0).trimmed }.joined(separator: " ") }
}
