/// `QDate`: a day of the Gregorian calendar, which is used for the time before its introduction as well.
///
/// A program that imports Foundation too writes `QtDataStream.Date`.
public struct Date: Sendable, Hashable, Comparable {
    /// The day as a Julian day number: 2440588 is 1 January 1970.
    public var julianDay: Int64

    /// The date with this number. It need not be valid.
    public init(julianDay: Int64) { self.julianDay = julianDay }

    /// What `QDate()` is.
    public static let invalid = Date(julianDay: .min)

    /// Whether Qt holds the date for valid: from 1 January of the year -2147483648 to 31 December of 2147483647.
    public var isValid: Bool { Self.validDays.contains(julianDay) }

    static let validDays: ClosedRange<Int64> = -784_350_574_879...784_354_017_364

    /// The earlier day is the smaller one.
    public static func < (left: Date, right: Date) -> Bool { left.julianDay < right.julianDay }
}

// MARK: The calendar

extension Date {
    /// The day of a year, month and day; `nil` when there is none. The year before 1 is -1, as in Qt.
    public init?(year: Int32, month: Int, day: Int) {
        guard year != 0, (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, inYear: year) else { return nil }
        // Years begin in March, so that a leap day is the last one of its year.
        let monthFromMarch = Int64((month + 9) % 12)
        let year = Self.astronomical(year) - (month <= 2 ? 1 : 0)
        let (era, yearOfEra) = year.flooringDivision(by: 400)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        julianDay = era * Self.daysOfEra + dayOfEra + Self.firstOfMarchOfYear0
        guard isValid else { return nil }
    }

    /// Year, month and day; `nil` for an invalid date.
    public var components: (year: Int32, month: Int, day: Int)? {
        guard isValid else { return nil }
        let (era, dayOfEra) = (julianDay - Self.firstOfMarchOfYear0).flooringDivision(by: Self.daysOfEra)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / (Self.daysOfEra - 1)) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (Int32(year > 0 ? year : year - 1), month, Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1))
    }

    /// Days of 400 years, after which the calendar repeats itself.
    private static let daysOfEra: Int64 = 146_097
    private static let firstOfMarchOfYear0: Int64 = 1_721_120

    /// With a year 0, which is the one before 1.
    private static func astronomical(_ year: Int32) -> Int64 { year > 0 ? Int64(year) : Int64(year) + 1 }

    private static func length(ofMonth month: Int, inYear year: Int32) -> Int {
        switch month {
        case 2:
            let year = astronomical(year)
            return year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }
}

extension Date: CustomStringConvertible {
    /// As ISO 8601 writes it, or "invalid".
    public var description: String {
        guard let (year, month, day) = components else { return "invalid" }
        let digits = String(year.magnitude)
        let padding = String(repeating: "0", count: max(0, 4 - digits.count))
        return "\(year < 0 ? "-" : "")\(padding)\(digits)-\(month.twoDigits)-\(day.twoDigits)"
    }
}

/// The Julian day number. Every number is read, also that of an invalid date.
extension Date: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) { julianDay = try stream.read() }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) { try stream.write(julianDay) }
}

extension Int64 {
    /// The quotient, rounded down, and the remainder, which is not negative. `divisor` is positive.
    func flooringDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension Int {
    var twoDigits: String { self < 10 ? "0\(self)" : "\(self)" }
}
