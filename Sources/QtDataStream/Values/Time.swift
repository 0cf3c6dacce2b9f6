/// `QTime`: a time of day.
public struct Time: Sendable, Hashable, Comparable {
    /// Milliseconds since midnight.
    public var milliseconds: Int32

    /// The time with this number. It need not be valid.
    public init(milliseconds: Int32) { self.milliseconds = milliseconds }

    /// The time of an hour, minute, second and millisecond; `nil` when there is none.
    public init?(hour: Int, minute: Int, second: Int = 0, millisecond: Int = 0) {
        guard (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second), (0..<1_000).contains(millisecond) else {
            return nil
        }
        milliseconds = Int32(((hour * 60 + minute) * 60 + second) * 1_000 + millisecond)
    }

    /// What `QTime()` is.
    public static let invalid = Time(milliseconds: -1)

    /// Whether the time is one of a day.
    public var isValid: Bool { (0..<Self.millisecondsOfDay).contains(milliseconds) }

    static let millisecondsOfDay: Int32 = 86_400_000

    /// Hour, minute, second and millisecond; `nil` for an invalid time.
    public var components: (hour: Int, minute: Int, second: Int, millisecond: Int)? {
        guard isValid else { return nil }
        let seconds = Int(milliseconds) / 1_000
        return (seconds / 3_600, seconds / 60 % 60, seconds % 60, Int(milliseconds) % 1_000)
    }

    /// The earlier time is the smaller one.
    public static func < (left: Time, right: Time) -> Bool { left.milliseconds < right.milliseconds }
}

extension Time: CustomStringConvertible {
    /// As `13:14:15.167`, or "invalid".
    public var description: String {
        guard let (hour, minute, second, millisecond) = components else { return "invalid" }
        return "\(hour.twoDigits):\(minute.twoDigits):\(second.twoDigits).\(millisecond < 100 ? "0" : "")\(millisecond.twoDigits)"
    }
}

/// Milliseconds since midnight, in 4 bytes. Every number is read, also that of an invalid time.
extension Time: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) { milliseconds = try stream.read() }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) { try stream.write(milliseconds) }
}
