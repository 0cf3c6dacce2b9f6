import QtDataStream
import Testing

/// The types of this library beside their form in a stream.
@Suite struct ValueTests {
    @Test func `a date and its year, month and day say the same`() throws {
        var random = SeededNumbers(seed: 20_240_229)
        let borders: [Int64] = [-784_350_574_879, 784_354_017_364, 1_721_425, 1_721_424, 1_721_059, 2_440_588, 0]
        for day in borders + (0..<10_000).map({ _ in Int64.random(in: -784_350_574_879...784_354_017_364, using: &random) }) {
            let date = Date(julianDay: day)
            let (year, month, dayOfMonth) = try #require(date.components)
            #expect(Date(year: year, month: month, day: dayOfMonth) == date, "day \(day)")
        }
        // From day to day, over leap years of both kinds.
        var previous = try Self.parts(of: 2_341_970)
        for day in Int64(2_341_971)...2_525_000 {
            let next = try Self.parts(of: day)
            let isNextDay = next == [previous[0], previous[1], previous[2] + 1]
            #expect(isNextDay || next[2] == 1 && (28...31).contains(previous[2]))
            previous = next
        }
    }

    private static func parts(of day: Int64) throws -> [Int] {
        let (year, month, dayOfMonth) = try #require(Date(julianDay: day).components)
        return [Int(year), month, dayOfMonth]
    }

    @Test func `dates are those of Qt`() throws {
        // As `QDate::fromJulianDay` of Qt 6.11 has them.
        #expect(try Self.parts(of: -784_350_574_879) == [-2_147_483_648, 1, 1])
        #expect(try Self.parts(of: 784_354_017_364) == [2_147_483_647, 12, 31])
        #expect(try Self.parts(of: 0) == [-4_714, 11, 24])
        #expect(Date(year: -1, month: 12, day: 31)!.julianDay + 1 == Date(year: 1, month: 1, day: 1)!.julianDay)
        for day in [Int64.min, -784_350_574_880, 784_354_017_365, Int64.max] {
            #expect(!Date(julianDay: day).isValid)
            #expect(Date(julianDay: day).components == nil)
        }
    }

    @Test func `what is no date or time is none`() throws {
        let dates = [(2_023, 2, 29), (1_900, 2, 29), (2_024, 0, 1), (2_024, 13, 1), (2_024, 4, 31), (2_024, 1, 0), (0, 1, 1)]
        for (year, month, day) in dates {
            #expect(Date(year: Int32(year), month: month, day: day) == nil)
        }
        #expect(Date(year: 2_000, month: 2, day: 29) != nil && Date(year: -1, month: 2, day: 29) != nil)
        for (hour, minute, second, millisecond) in [(24, 0, 0, 0), (0, 60, 0, 0), (0, 0, 60, 0), (0, 0, 0, 1_000), (-1, 0, 0, 0)] {
            #expect(Time(hour: hour, minute: minute, second: second, millisecond: millisecond) == nil)
        }
        #expect(!Time(milliseconds: 86_400_000).isValid && Time.invalid.components == nil)
        let time = try #require(Time(hour: 23, minute: 59, second: 58, millisecond: 7)?.components)
        #expect([time.hour, time.minute, time.second, time.millisecond] == [23, 59, 58, 7])
    }

    @Test func `a moment with an offset is told in UTC, over midnight and the end of a month too`() {
        let time = Time(hour: 0, minute: 30)!
        let moment = DateTime(Date(year: 2024, month: 3, day: 1)!, time, in: .offsetFromUTC(seconds: 3_600))
        #expect(moment.utc == DateTime(Date(year: 2024, month: 2, day: 29)!, Time(hour: 23, minute: 30)!, in: .utc))
        #expect(DateTime(moment.date, time, in: .localTime).utc == nil)
        #expect(DateTime(.invalid, time, in: .utc).utc == nil)
        #expect("\(moment.utc!)" == "2024-02-29 23:30:00.000 utc")
        #expect("\(Date(year: -44, month: 3, day: 15)!) \(Date.invalid) \(Time.invalid)" == "-0044-03-15 invalid invalid")
    }

    @Test func `a UUID and its text say the same`() {
        let text = "00112233-4455-6677-8899-aabbccddeeff"
        let uuid = UUID(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF)
        #expect(UUID(text) == uuid && UUID("{\(text.uppercased())}") == uuid && uuid.description == text)
        let wrongs = [
            "", "{}", text + "0", "{\(text)", String(text.dropLast()), "00112233-4455-6677-8899-aabbccddeegf",
            "001122334-455-6677-8899-aabbccddeeff",
        ]
        for wrong in wrongs {
            #expect(UUID(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `a dictionary is written in the order of Qt 6, by UTF-16 units`() throws {
        // Qt orders U+1F600, which begins with 0xD83D, before U+FFFD; by code points it is the other way round.
        let map: OrderedMap<String, Int32> = ["B": 3, "a": 1, "b": 2, "ä": 4, "😀": 5, "\u{FFFD}": 6]
        let format = DataStreamFormat(version: .qt6_0)
        let dictionary = Dictionary(uniqueKeysWithValues: map.entries.map { ($0.key, $0.value) })
        let bytes = try written(dictionary, format)
        #expect(try read(OrderedMap<String, Int32>.self, from: bytes, format) == map)
        #expect(try read([String: Int32].self, from: bytes, format) == dictionary)
    }

    @Test func `of several entries with one key the last one counts`() throws {
        let map: OrderedMap<String, Int32> = ["a": 1, "b": 2, "a": 3]
        #expect(map["a"] == 3 && map["b"] == 2 && map["c"] == nil)
        let format = DataStreamFormat(version: .qt6_0)
        let bytes = try written(map, format)
        #expect(try read(OrderedMap<String, Int32>.self, from: bytes, format) == map)
        #expect(try read([String: Int32].self, from: bytes, format) == ["a": 3, "b": 2])
    }

    @Test func `null is read as empty where nothing else can be said`() throws {
        let (format, null) = (DataStreamFormat(version: .qt6_0), [0xFF, 0xFF, 0xFF, 0xFF] as [UInt8])
        #expect(try read(String.self, from: null, format) == "")
        #expect(try read([UInt8].self, from: null, format) == [])
        let error = refusal { () throws(DataStreamError) in _ = try read([UInt16].self, from: null, format) }
        #expect(error?.code == .corruptData)
    }
}
