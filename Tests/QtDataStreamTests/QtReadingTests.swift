import QtDataStream
import Testing

@testable import QtDataStream

/// Bytes that Qt would not write: they are read as Qt 6.11 reads them, or refused where the documentation says so.
@Suite struct QtReadingTests {
    private struct Reading {
        let type: String
        let format: DataStreamFormat
        let input: String
        let isWhole: Bool
        let endsEarly: Bool
        let rewritten: [UInt8]

        init(_ line: [Substring]) {
            (type, input) = (String(line[0]), String(line[2]))
            format = DataStreamFormat(version: DataStreamFormat.Version(rawValue: Int32(line[1])!)!)
            (isWhole, endsEarly) = (line[3] == "Ok", line[3] == "ReadPastEnd")
            rewritten = Vector.bytes(ofHex: line[4])
        }

        /// Where Qt goes on with a value of its own making, and this library does not: a negative length, which Qt takes for null, a
        /// variant of no known type, a time specification that Qt does not have.
        var isRefusedHere: Bool {
            input.hasPrefix("fffffffeffffffffffffffff") && format.version >= .qt6_7 || type == "variant" && input == "0000ffff00"
                || type == "dateTime" && input.hasSuffix("7f")
        }

        /// What was read, written again.
        func result() throws(DataStreamError) -> [UInt8] {
            switch type {
            case "bytes": try again([UInt8]?.self)
            case "string": try again(String?.self)
            case "strings": try again([String?].self)
            case "list.variant": try again([Variant].self)
            // By key, as in Qt.
            case "map.variant": try again([String: Variant].self)
            case "variant": try again(Variant.self)
            case "bool": try again(Bool.self)
            case "date": try again(Date.self)
            case "dateTime": try again(DateTime.self)
            case "uuid": try again(UUID.self)
            default: throw DataStreamError(.unsupported, at: 0, detail: "\(type) is not in this test")
            }
        }

        private func again<Value: DataStreamable>(_ type: Value.Type) throws(DataStreamError) -> [UInt8] {
            try written(try read(type, from: Vector.bytes(ofHex: input), format), format)
        }
    }

    @Test func `what Qt would not write is read as Qt reads it`() throws {
        let readings = try Vector.lines(of: "read-qt6.11.txt").map(Reading.init)
        #expect(readings.count > 70)
        for reading in readings {
            let expected = reading.isWhole && !reading.isRefusedHere ? reading.rewritten : nil
            var result: [UInt8]?
            let error = refusal { () throws(DataStreamError) in result = try reading.result() }
            #expect(result == expected, "\(reading)")
            // Qt tells a list whose length is impossible from one that ends early; here both may be the latter.
            if reading.endsEarly, !reading.isRefusedHere { #expect(error?.code == .readPastEnd, "\(reading)") }
        }
    }

    @Test func `lengths from 4 GiB on are written as Qt writes them`() throws {
        for line in try Vector.lines(of: "lengths-qt6.11.txt") {
            let length = try #require(Int(line[0].dropFirst("length.".count)))
            let number = try #require(Int32(line[1].prefix(2)))
            let version = try #require(DataStreamFormat.Version(rawValue: number))
            let format = DataStreamFormat(version: version, byteOrder: line[2] == "big" ? .bigEndian : .littleEndian)
            var bytes: [UInt8] = []
            let error = refusal { () throws(DataStreamError) in
                var writer = DataStreamWriter(format: format)
                try writer.writeLength(length)
                bytes = writer.finish()
            }
            #expect(error?.code == (line[3] == "refused" ? .limitExceeded : nil), "\(line)")
            guard error == nil else { continue }
            #expect(bytes == Vector.bytes(ofHex: line[3]), "\(line)")
            let again = try reading(bytes, format) { (reader) throws(DataStreamError) in try reader.readLength() }
            #expect(again == length, "\(line)")
        }
    }
}
