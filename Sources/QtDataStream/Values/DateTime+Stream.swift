/// Three forms, by the version of the stream: of Qt 5.0, of Qt 5.1, and of all later ones.
extension DateTime: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        date = try stream.read()
        time = try stream.read()
        let offset = stream.offset
        let number: Int8 = try stream.read()
        let reference: Reference? =
            switch stream.format.version {
            case .qt5_0: Self.convertedReference(number)
            case .qt5_1: Self.bareReference(number)
            default: try Self.fullReference(number, from: &stream)
            }
        guard let reference else {
            throw DataStreamError(.corruptData, at: offset, detail: "a date and time are meant in a way (\(number)) that Qt does not know")
        }
        self.reference = reference
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        switch stream.format.version {
        case .qt5_0: try writeConverted(to: &stream)
        case .qt5_1: try write(to: &stream) { (stream) throws(DataStreamError) in try stream.write(bareNumber) }
        default: try write(to: &stream) { (stream) throws(DataStreamError) in try writeFullReference(to: &stream) }
        }
    }

    private func write(
        to stream: inout DataStreamWriter, _ writeReference: (inout DataStreamWriter) throws(DataStreamError) -> Void
    ) throws(DataStreamError) {
        try stream.write(date)
        try stream.write(time)
        try writeReference(&stream)
    }
}

// MARK: Since Qt 5.2: Qt::TimeSpec and what belongs to it

extension DateTime {
    /// `Qt::TimeSpec`.
    private enum TimeSpec {
        static let localTime: Int8 = 0
        static let utc: Int8 = 1
        static let offsetFromUTC: Int8 = 2
        static let timeZone: Int8 = 3
    }

    private static func fullReference(_ number: Int8, from stream: inout DataStreamReader) throws(DataStreamError) -> Reference? {
        switch number {
        case TimeSpec.localTime: .localTime
        case TimeSpec.utc: .utc
        case TimeSpec.offsetFromUTC: .offsetFromUTC(seconds: try stream.read())
        case TimeSpec.timeZone: .timeZone(try stream.read())
        default: nil
        }
    }

    private func writeFullReference(to stream: inout DataStreamWriter) throws(DataStreamError) {
        switch reference {
        case .localTime: try stream.write(TimeSpec.localTime)
        case .utc, .convertedToUTC: try stream.write(TimeSpec.utc)
        case .offsetFromUTC(let seconds):
            try stream.write(TimeSpec.offsetFromUTC)
            try stream.write(seconds)
        case .timeZone(let zone):
            try stream.write(TimeSpec.timeZone)
            try stream.write(zone)
        }
    }
}

// MARK: Qt 5.1: a number alone, from an enumeration of Qt's own

extension DateTime {
    /// `QDateTimePrivate::Spec`. Local time is said in three ways, of which Qt writes the first.
    private enum PrivateSpec {
        static let localTime: Int8 = -1
        static let localStandardTime: Int8 = 0
        static let localDaylightTime: Int8 = 1
        static let utc: Int8 = 2
        static let offsetFromUTC: Int8 = 3
        static let timeZone: Int8 = 4
    }

    private static func bareReference(_ number: Int8) -> Reference? {
        switch number {
        case PrivateSpec.localTime, PrivateSpec.localStandardTime, PrivateSpec.localDaylightTime: .localTime
        case PrivateSpec.utc: .utc
        case PrivateSpec.offsetFromUTC: .offsetFromUTC(seconds: 0)
        case PrivateSpec.timeZone: .timeZone(.unknown)
        default: nil
        }
    }

    private var bareNumber: Int8 {
        switch reference {
        case .localTime: PrivateSpec.localTime
        case .utc, .convertedToUTC: PrivateSpec.utc
        case .offsetFromUTC: PrivateSpec.offsetFromUTC
        case .timeZone: PrivateSpec.timeZone
        }
    }
}

// MARK: Qt 5.0: everything converted to UTC, and Qt::TimeSpec

extension DateTime {
    private static func convertedReference(_ number: Int8) -> Reference? {
        switch number {
        case TimeSpec.localTime: .convertedToUTC(from: .localTime)
        case TimeSpec.utc: .utc
        case TimeSpec.offsetFromUTC: .convertedToUTC(from: .offsetFromUTC)
        case TimeSpec.timeZone: .convertedToUTC(from: .timeZone)
        default: nil
        }
    }

    private func writeConverted(to stream: inout DataStreamWriter) throws(DataStreamError) {
        // Qt writes what is invalid as it is.
        guard let converted = isValid ? utc : self else {
            throw DataStreamError(
                .unsupported, at: stream.offset,
                detail: "Qt 5.0 streams have every moment in UTC, and this library knows no time zones; convert the date and time first")
        }
        try stream.write(converted.date)
        try stream.write(converted.time)
        switch reference {
        case .utc: try stream.write(TimeSpec.utc)
        case .localTime, .convertedToUTC(from: .localTime): try stream.write(TimeSpec.localTime)
        case .offsetFromUTC, .convertedToUTC(from: .offsetFromUTC): try stream.write(TimeSpec.offsetFromUTC)
        case .timeZone, .convertedToUTC(from: .timeZone): try stream.write(TimeSpec.timeZone)
        }
    }
}

// MARK: Time zones

/// A name, or a mark in its place and then the parts.
extension DateTime.TimeZone: DataStreamable {
    private static let fixedMark = "OffsetFromUtc"
    private static let unknownMark = "-No Time Zone Specified!"
    /// What a `QTimeZone` of Qt 6.5 writes when it stands for one of Qt's other time specifications. In a `QDateTime` there is none.
    private static let otherMarks = ["QTimeZone::UTC", "QTimeZone::LocalTime", "AheadOfUtcBy"]

    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        let offset = stream.offset
        let name: String = try stream.read()
        switch name {
        case Self.fixedMark: self = .fixed(try stream.read())
        case Self.unknownMark: self = .unknown
        case _ where Self.otherMarks.contains(name):
            throw DataStreamError(.unsupported, at: offset, detail: "a time zone is '\(name)', which belongs to no date and time")
        default: self = .named(name)
        }
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        switch self {
        case .named(let name): try stream.write(name)
        case .unknown: try stream.write(Self.unknownMark)
        case .fixed(let zone):
            try stream.write(Self.fixedMark)
            try stream.write(zone)
        }
    }
}

extension DateTime.FixedZone: DataStreamable {
    public init(from stream: inout DataStreamReader) throws(DataStreamError) {
        identifier = try stream.read()
        secondsFromUTC = try stream.read()
        name = try stream.read()
        abbreviation = try stream.read()
        territory = try stream.read()
        comment = try stream.read()
    }

    public func write(to stream: inout DataStreamWriter) throws(DataStreamError) {
        try stream.write(identifier)
        try stream.write(secondsFromUTC)
        try stream.write(name)
        try stream.write(abbreviation)
        try stream.write(territory)
        try stream.write(comment)
    }
}
