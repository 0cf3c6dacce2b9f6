/// `QDateTime`: a date and a time of day, and where they are meant.
///
/// This library has no time zones' rules: it carries what the stream says and converts nothing but fixed offsets.
public struct DateTime: Sendable, Hashable {
    /// The day.
    public var date: Date
    /// The time of day.
    public var time: Time
    /// Where date and time are meant.
    public var reference: Reference

    /// A date and time. Neither need be valid.
    public init(_ date: Date, _ time: Time, in reference: Reference) {
        self.date = date
        self.time = time
        self.reference = reference
    }

    /// What `QDateTime()` is.
    public static let invalid = DateTime(.invalid, .invalid, in: .localTime)

    /// Whether date and time are both valid. Whether there is such a moment in a time zone, this library does not know.
    public var isValid: Bool { date.isValid && time.isValid }
}

extension DateTime {
    /// Where a date and time are meant: Qt's `TimeSpec` with what belongs to it.
    public enum Reference: Sendable, Hashable {
        /// The local time of whoever reads it: the same hour everywhere, not the same moment.
        case localTime
        /// A moment.
        case utc
        /// East of Greenwich counts positive. Streams of Qt 5.1 have no number; there it is read as 0, as Qt does.
        case offsetFromUTC(seconds: Int32)
        /// The local time of a place. What moment that is, only the rules of its zone can tell.
        case timeZone(TimeZone)
        /// Date and time are UTC, and were something else before: only streams of Qt 5.0 do this, with every moment. To other versions it
        /// is written as UTC.
        case convertedToUTC(from: ConvertedReference)
    }

    /// What a moment was in a stream of Qt 5.0 before it was converted to UTC. Nothing but the kind is left.
    public enum ConvertedReference: Sendable, Hashable, CaseIterable {
        case localTime, offsetFromUTC, timeZone
    }

    /// `QTimeZone` as it is in a stream.
    public enum TimeZone: Sendable, Hashable {
        /// A zone by its IANA name, such as "Europe/Berlin".
        case named(String)
        /// A zone that a program has made itself, or one such as "UTC+03:00".
        case fixed(FixedZone)
        /// Nothing but that there was one: in streams of Qt 5.1, and for an invalid `QTimeZone`.
        case unknown
    }

    /// A time zone with one offset for all time.
    public struct FixedZone: Sendable, Hashable {
        /// Such as "UTC+03:00".
        public var identifier: String
        /// East of Greenwich counts positive.
        public var secondsFromUTC: Int32
        /// The name in full. Null and empty differ in a stream.
        public var name: String?
        /// The name in short.
        public var abbreviation: String?
        /// A number of Qt's `QLocale::Country`, 0 for any. Qt 5 and Qt 6 have different numbers.
        public var territory: Int32
        /// Anything.
        public var comment: String?

        /// A zone of these parts.
        public init(
            identifier: String, secondsFromUTC: Int32, name: String?, abbreviation: String?, territory: Int32 = 0, comment: String? = nil
        ) {
            self.identifier = identifier
            self.secondsFromUTC = secondsFromUTC
            self.name = name
            self.abbreviation = abbreviation
            self.territory = territory
            self.comment = comment
        }
    }

    /// The same moment in UTC; `nil` when it takes a time zone's rules to know it, and when ``isValid`` is false.
    public var utc: DateTime? {
        guard isValid else { return nil }
        switch reference {
        case .utc, .convertedToUTC: return DateTime(date, time, in: .utc)
        case .offsetFromUTC(let seconds): return moved(bySeconds: -Int64(seconds))
        case .timeZone(.fixed(let zone)): return moved(bySeconds: -Int64(zone.secondsFromUTC))
        case .localTime, .timeZone: return nil
        }
    }

    private func moved(bySeconds seconds: Int64) -> DateTime {
        let (days, milliseconds) = (Int64(time.milliseconds) + seconds * 1_000).flooringDivision(by: Int64(Time.millisecondsOfDay))
        return DateTime(Date(julianDay: date.julianDay + days), Time(milliseconds: Int32(milliseconds)), in: .utc)
    }
}

extension DateTime: CustomStringConvertible {
    /// Date, time and reference, such as "2024-02-29 13:14:15.167 utc".
    public var description: String { "\(date) \(time) \(reference)" }
}
