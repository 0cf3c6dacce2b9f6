/// Why a value could not be read or written: what, at which byte, and what to do.
public struct DataStreamError: Error, Sendable, Hashable {
    /// What went wrong, for a program to decide on.
    public enum Code: Sendable, Hashable {
        /// The bytes end inside the value: Qt's `ReadPastEnd`. Come again when more have arrived; if none will, the peer was cut off.
        case readPastEnd
        /// The bytes are no such value: Qt's `ReadCorruptData`. Nothing behind them can be trusted; end the connection, and check that
        /// both ends use the same format.
        case corruptData
        /// The bytes may be right, but this library does not read them, or the value has no form in this version of the stream.
        case unsupported
        /// Longer or deeper than a limit: Qt's `SizeLimitExceeded` for lengths; ``DataStreamReader/maximumNestingDepth``;
        /// the maximum of a ``DataStreamBuffer``.
        case limitExceeded
        /// The memory of a bounded ``DataStreamWriter`` is full: Qt's `WriteFailed`.
        case writeFailed
    }

    /// What went wrong.
    public let code: Code
    /// The byte where, counted from the beginning of the stream: of the value that could not be read, or where the next one would be
    /// written.
    public let offset: Int
    /// At least how many more bytes the value needs, for `readPastEnd` and `writeFailed`; else 0.
    public let missingCount: Int
    /// One sentence for a person: what is wrong and what to do. Its wording can change; decide on ``code``.
    public let detail: String

    /// Makes an error: for types that read and write themselves.
    ///
    /// - Parameters:
    ///   - code: what went wrong.
    ///   - offset: where, as ``DataStreamReader/offset`` or ``DataStreamWriter/offset`` says.
    ///   - missingCount: at least how many bytes are missing, if that is known.
    ///   - detail: one sentence: what is wrong and what to do.
    public init(_ code: Code, at offset: Int, missingCount: Int = 0, detail: String) {
        self.code = code
        self.offset = offset
        self.missingCount = missingCount
        self.detail = detail
    }
}

extension DataStreamError: CustomStringConvertible {
    /// One line for a log.
    public var description: String {
        "\(code) at byte \(offset): \(detail)" + (missingCount > 0 ? " (at least \(missingCount) bytes are missing)" : "")
    }
}
