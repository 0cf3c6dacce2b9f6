import QtDataStream

/// What the vectors stand for, by their names: the other half of `Vectors/vectors.cpp`.
enum Samples {
    static let all = numbers + text + containers + moments + variants
    static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    private static let numbers: [Sample] =
        integers("int8", Int8.self) + integers("int16", Int16.self) + integers("int32", Int32.self) + integers("int64", Int64.self)
        + integers("uint8", UInt8.self) + integers("uint16", UInt16.self) + integers("uint32", UInt32.self)
        + integers("uint64", UInt64.self)
        + [.of("bool.true", true), .of("bool.false", false)]
        + [".double", ".single"].flatMap { precision in
            [
                .float("float.negative\(precision)", -1.5),
                .float("float.third\(precision)", 1.0 / 3),
                .float("float.largest\(precision)", .greatestFiniteMagnitude),
                .float("float.smallest\(precision)", .leastNonzeroMagnitude),
                .float("float.minusZero\(precision)", -0.0),
                .float("float.infinity\(precision)", .infinity),
                .float("float.nan\(precision)", .nan),
                .double("double.negative\(precision)", -1.5),
                .double("double.infinity\(precision)", -.infinity),
                .double("double.nan\(precision)", .nan),
                .double("double.third\(precision)", 1.0 / 3),
                .double("double.largest\(precision)", .greatestFiniteMagnitude),
                .double("double.smallest\(precision)", .leastNonzeroMagnitude),
            ] as [Sample]
        }

    private static func integers<Integer: FixedWidthInteger & DataStreamable & Sendable>(_ name: String, _ type: Integer.Type) -> [Sample] {
        [
            .of("\(name).min", Integer.min), .of("\(name).max", Integer.max),
            .of("\(name).value", Integer(truncatingIfNeeded: 0x1122_3344_5566_7788 as Int64)),
        ]
    }

    private static let text: [Sample] = [
        .of("bytes.null", nil as [UInt8]?),
        .of("bytes.empty", [] as [UInt8]?),
        .of("bytes.one", [0] as [UInt8]?),
        .of("bytes.some", [0, 1, 0x7F, 0x80, 0xFF] as [UInt8]),
        .of("string.null", nil as String?),
        .of("string.empty", "" as String?),
        .of("string.ascii", "Hello"),
        .of("string.zero", "\0"),
        .of("string.latin", "Grüße, déjà vu"),
        .of("string.surrogates", "a😀z"),
        .of("string.borders", "\u{7F}\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}"),
        .refused("string.highSurrogateAlone", as: "", .corruptData),
        .refused("string.highSurrogateLast", as: "", .corruptData),
        .refused("string.lowSurrogateAlone", as: "", .corruptData),
        .of("raw", RawBytes([0xDE, 0xAD, 0xBE, 0xEF])),
        .of("uuid.null", UUID()),
        .of("uuid.some", UUID("{00112233-4455-6677-8899-aabbccddeeff}")!),
    ]

    private static let containers: [Sample] = [
        .of("strings.empty", [] as [String]),
        .of("strings.some", ["", "one", "zwölf"]),
        .of("strings.withNull", [nil, ""] as [String?]),
        .of("list.int32", [1, -1, .max] as [Int32]),
        .of("list.uint8", [1, 255] as [UInt8]),
        .of("list.bool", [true, false]),
        .of("list.double", [0.5, -2] as [Double]),
        .of("list.bytes", [nil, Array("ab".utf8)] as [[UInt8]?]),
        .of("list.list", [[], [1], [2, 3]] as [[Int16]]),
        .of("map.empty", [:] as [String: Int32]),
        map("map.int32", ["B": 3, "a": 1, "b": 2, "ä": 4, "😀": 5, "\u{FFFD}": 6] as OrderedMap<String, Int32>),
        map("map.strings", ["": [], "k": ["v"]] as OrderedMap<String, [String]>),
        map("map.integerKey", [-1: "x", 7: "y"] as OrderedMap<Int32, String>),
    ]

    /// A map in the order of Qt 6. Qt 5 writes it the other way round.
    private static func map<Key: DataStreamable & Hashable & Sendable, Value: DataStreamable & Hashable & Sendable>(
        _ name: String, _ map: OrderedMap<Key, Value>
    ) -> Sample {
        .by(name) { origin in origin.isQt5 ? OrderedMap(map.entries.reversed()) : map }
    }

    private static let date = Date(year: 2024, month: 2, day: 29)!

    private static let moments: [Sample] = [
        .of("date.invalid", Date.invalid),
        .of("date.epoch", Date(year: 1970, month: 1, day: 1)!),
        .of("date.leap", date),
        .of("date.before1970", Date(year: 1969, month: 12, day: 31)!),
        .of("date.beforeChrist", Date(year: -44, month: 3, day: 15)!),
        .of("date.far", Date(year: 9999, month: 12, day: 31)!),
        .of("time.invalid", Time.invalid),
        .of("time.midnight", Time(hour: 0, minute: 0)!),
        .of("time.last", Time(hour: 23, minute: 59, second: 59, millisecond: 999)!),
        .of("time.some", Time(hour: 13, minute: 14, second: 15, millisecond: 167)!),
        .by("dateTime.invalid") { origin in
            origin.version == .qt5_0 ? DateTime(.invalid, .invalid, in: .convertedToUTC(from: .localTime)) : .invalid
        },
        moment("dateTime.local", .localTime, in50: .localTime, hourInUTC: 18, minuteInUTC: 14),
        .of("dateTime.utc", DateTime(date, Time(hour: 13, minute: 14, second: 15, millisecond: 167)!, in: .utc)),
        .of(
            "dateTime.utc.before1970",
            DateTime(Date(year: 1969, month: 12, day: 31)!, Time(hour: 23, minute: 59, second: 59, millisecond: 999)!, in: .utc)),
        .of("dateTime.utc.beforeChrist", DateTime(Date(year: -1, month: 1, day: 1)!, Time(hour: 0, minute: 0)!, in: .utc)),
        .of("dateTime.utc.invalid", DateTime(.invalid, .invalid, in: .utc)),
        moment(
            "dateTime.offset", .offsetFromUTC(seconds: 19_800), in51: .offsetFromUTC(seconds: 0), in50: .offsetFromUTC, hourInUTC: 7,
            minuteInUTC: 44),
        .by("dateTime.offset.west") { origin in
            switch origin.version {
            case .qt5_0: DateTime(date, Time(hour: 4, minute: 0)!, in: .convertedToUTC(from: .offsetFromUTC))
            case .qt5_1: DateTime(date, Time(hour: 0, minute: 30)!, in: .offsetFromUTC(seconds: 0))
            default: DateTime(date, Time(hour: 0, minute: 30)!, in: .offsetFromUTC(seconds: -12_600))
            }
        },
        .by("dateTime.offset.midnight") { origin in
            let day = Date(year: 2024, month: 3, day: 1)!
            return switch origin.version {
            case .qt5_0: DateTime(date, Time(hour: 23, minute: 30)!, in: .convertedToUTC(from: .offsetFromUTC))
            case .qt5_1: DateTime(day, Time(hour: 0, minute: 30)!, in: .offsetFromUTC(seconds: 0))
            default: DateTime(day, Time(hour: 0, minute: 30)!, in: .offsetFromUTC(seconds: 3_600))
            }
        },
        moment(
            "dateTime.zone", .timeZone(.named("Europe/Berlin")), in51: .timeZone(.unknown), in50: .timeZone, hourInUTC: 12, minuteInUTC: 14),
        moment(
            "dateTime.zone.offset",
            .timeZone(
                .fixed(
                    DateTime.FixedZone(
                        identifier: "UTC+03:00", secondsFromUTC: 10_800, name: "UTC+03:00", abbreviation: "UTC+03:00", comment: "UTC+03:00")
                )),
            in51: .timeZone(.unknown), in50: .timeZone, hourInUTC: 10, minuteInUTC: 14),
        .by("dateTime.zone.custom") { origin in
            let zone = DateTime.FixedZone(
                identifier: "Custom/Zone", secondsFromUTC: 4_500, name: "A name", abbreviation: "CZ",
                // `QLocale::Germany`.
                territory: origin.isQt5 ? 82 : 91, comment: "A comment")
            let time = Time(hour: 13, minute: 14, second: 15, millisecond: 167)!
            return switch origin.version {
            case .qt5_0: DateTime(date, Time(milliseconds: time.milliseconds - 4_500_000), in: .convertedToUTC(from: .timeZone))
            case .qt5_1: DateTime(date, time, in: .timeZone(.unknown))
            default: DateTime(date, time, in: .timeZone(.fixed(zone)))
            }
        },
    ]

    /// 29 February 2024 13:14:15.167 in some reference, and what the oldest versions make of it.
    private static func moment(
        _ name: String, _ reference: DateTime.Reference, in51: DateTime.Reference? = nil, in50: DateTime.ConvertedReference,
        hourInUTC: Int, minuteInUTC: Int
    ) -> Sample {
        .by(name) { origin in
            let time = Time(hour: 13, minute: 14, second: 15, millisecond: 167)!
            return switch origin.version {
            case .qt5_0:
                DateTime(date, Time(hour: hourInUTC, minute: minuteInUTC, second: 15, millisecond: 167)!, in: .convertedToUTC(from: in50))
            case .qt5_1: DateTime(date, time, in: in51 ?? reference)
            default: DateTime(date, time, in: reference)
            }
        }
    }

    private static let variants: [Sample] =
        [
            .of("variant.invalid", Variant.invalid),
            .of("variant.bool", Variant.bool(true)),
            .of("variant.int8", Variant.int8(-2)),
            .of("variant.int16", Variant.int16(-2)),
            .of("variant.int32", Variant.int32(-2)),
            .of("variant.int64", Variant.int64(-2)),
            .of("variant.uint8", Variant.uint8(254)),
            .of("variant.uint16", Variant.uint16(65_534)),
            .of("variant.uint32", Variant.uint32(4_294_967_294)),
            .of("variant.uint64", Variant.uint64(1 << 63)),
            .of("variant.float", Variant.float(0.1)),
            .of("variant.double", Variant.double(0.1)),
            .of("variant.string", Variant.string("text")),
            .of("variant.string.null", Variant.string(nil)),
            .of("variant.string.empty", Variant.string("")),
            .of("variant.bytes", Variant.byteArray(Array("bytes".utf8))),
            .of("variant.bytes.null", Variant.byteArray(nil)),
            .of("variant.strings", Variant.stringList(["a", nil])),
            .of("variant.date", Variant.date(date)),
            .of("variant.time", Variant.time(Time(hour: 1, minute: 2, second: 3, millisecond: 4)!)),
            .of(
                "variant.dateTime",
                Variant.dateTime(DateTime(date, Time(hour: 1, minute: 2, second: 3, millisecond: 4)!, in: .utc))),
            .of("variant.uuid", Variant.uuid(UUID("00112233-4455-6677-8899-aabbccddeeff")!)),
            .of("variant.list.empty", Variant.list([])),
            .of("variant.list", Variant.list([.int32(1), .invalid, .string("two"), .list([.double(3), .list([])])])),
            .of("variant.map.empty", Variant.map([:])),
            .by("variant.map") { origin in
                let map: OrderedMap<String, Variant> = [
                    "list": .list([.bool(true)]), "map": .map(["deep": .uint32(1)]), "text": .string("x"),
                ]
                return Variant.map(origin.isQt5 ? OrderedMap(map.entries.reversed()) : map)
            },
            .of("variant.hash", Variant.hash(["key": .int32(1)])),
            .by("variant.nullptr") { origin in origin.isQt5 ? Variant.nullptr : .null(.nullptr) },
            .refused("variant.char", as: Variant.invalid, .unsupported),
            .refused("variant.long", as: Variant.invalid, .unsupported),
            .of("list.variant", Variant.list([.int32(1), .string("two")])),
        ]
        + [
            ("bool", .bool), ("int32", .int32), ("double", .double), ("string", .string), ("strings", .stringList), ("bytes", .byteArray),
            ("date", .date), ("time", .time), ("dateTime", .dateTime), ("uuid", .uuid), ("list", .list), ("map", .map),
        ].map { (name: String, kind: Variant.Kind) in .of("variant.null.\(name)", Variant.null(kind)) }
}
