internal import Glibc

/// Reads the text files of /proc and /sys.
enum SystemFile {
    /// All of it: the kernel hands out a long one in parts, and says its length of none.
    static func text(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(file, &part, part.count)
            if count < 0 { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self).trimmed }
            bytes += part[..<count]
        }
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
