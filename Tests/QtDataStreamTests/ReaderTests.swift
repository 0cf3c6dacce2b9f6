import QtDataStream
import Testing

/// What the reader gives beside values: borrowed bytes, places, transactions.
@Suite struct ReaderTests {
    private static let format = DataStreamFormat(version: .qt6_0)

    @Test func `a byte array is read in place`() throws {
        let bytes = Vector.bytes(ofHex: "00000003616263" + "ffffffff" + "00000000")
        var places: [Int?] = []
        var reader = unsafe DataStreamReader(bytes.span.bytes, format: Self.format)
        for _ in 0..<3 {
            guard let array = try reader.readByteArray() else {
                places.append(nil)
                continue
            }
            places.append(unsafe bytes.span.bytes.byteOffsets(of: array)?.lowerBound)
        }
        #expect(places == [4, nil, 15])
        #expect(reader.remainingCount == 0)
    }

    @Test func `raw data is read and passed over, exactly as much as was asked for`() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        var reader = unsafe DataStreamReader(bytes.span.bytes, format: Self.format)
        let nothing = try reader.readRawData(0).byteCount
        try reader.skipRawData(2)
        let two = unsafe try reader.readRawData(2).withUnsafeBytes { unsafe Array($0) }
        #expect(nothing == 0 && two == [3, 4])
        for count in [2, Int.max, -1, Int.min] {
            do throws(DataStreamError) {
                try reader.skipRawData(count)
                Issue.record("\(count) bytes were passed over")
            } catch {
                #expect(error.code == (count < 0 ? .corruptData : .readPastEnd))
                #expect(error.offset == 4)
            }
        }
        #expect(reader.offset == 4)
    }

    @Test func `the format can change in the middle`() throws {
        var writer = DataStreamWriter(format: Self.format)
        try writer.write(1 as UInt16)
        writer.format.byteOrder = .littleEndian
        try writer.write(1 as UInt16)
        writer.format.floatingPointPrecision = .single
        try writer.write(1.0)
        let bytes = writer.finish()
        #expect(bytes == [0, 1, 1, 0, 0, 0, 0x80, 0x3F])
        try reading(bytes, Self.format) { (reader) throws(DataStreamError) in
            #expect(try reader.read(UInt16.self) == 1)
            reader.format.byteOrder = .littleEndian
            #expect(try reader.read(UInt16.self) == 1)
            reader.format.floatingPointPrecision = .single
            #expect(try reader.read(Double.self) == 1)
        }
    }

    @Test func `an error tells the place in the stream, and what is missing`() {
        let bytes = Vector.bytes(ofHex: "000000040061")
        let error = refusal { () throws(DataStreamError) in
            var reader = unsafe DataStreamReader(bytes.span.bytes, format: Self.format, startingAt: 100)
            _ = try reader.read(String.self)
        }
        #expect(error?.offset == 104 && error?.missingCount == 2)
        let detail = "the bytes end here; read again when more have arrived"
        #expect(error?.description == "readPastEnd at byte 104: \(detail) (at least 2 bytes are missing)")
    }

    @Test func `a missing byte of an inner list counts those of the lists around it`() {
        // Three lists, of which the first one announces two elements and has the beginning of one.
        let error = refusal { () throws(DataStreamError) in
            _ = try read([[UInt16]].self, from: Vector.bytes(ofHex: "00000003" + "00000002" + "00"), Self.format)
        }
        #expect(error?.missingCount == 3)
    }

    // MARK: Transactions

    @Test func `a transaction inside another one is rolled back to its own beginning`() throws {
        try reading([1, 2, 3], Self.format) { (reader) throws(DataStreamError) in
            let outer = try reader.transaction { (reader) throws(DataStreamError) in
                let first: UInt8 = try reader.read()
                let inner = try reader.transaction { (reader) throws(DataStreamError) in
                    _ = try reader.read(UInt8.self)
                    return try reader.read(UInt32.self)
                }
                #expect(inner == nil && reader.offset == 1)
                return (first, try reader.read(UInt16.self))
            }
            #expect(outer?.0 == 1 && outer?.1 == 0x0203)
        }
    }

    @Test func `a body rolls back by an error of its own`() throws {
        try reading([1, 2], Self.format) { (reader) throws(DataStreamError) in
            let result: Int? = try reader.transaction { (reader) throws(DataStreamError) in
                try reader.skipRawData(1)
                throw DataStreamError(.readPastEnd, at: reader.offset, detail: "not yet")
            }
            #expect(result == nil && reader.offset == 0)
        }
    }

    @Test func `any other error aborts, and what was read stays read`() throws {
        struct Unwanted: Error {}
        func isAborted(_ reader: inout DataStreamReader) -> Bool {
            do {
                let result: Int? = try reader.transaction { reader in
                    try reader.skipRawData(1)
                    throw Unwanted()
                }
                return result != nil
            } catch {
                return error is Unwanted
            }
        }
        try reading([1, 2], Self.format) { (reader) throws(DataStreamError) in
            let aborted = isAborted(&reader)
            #expect(aborted && reader.offset == 1)
        }
    }

    @Test func `a rollback takes back what a list still needs, and the format`() throws {
        let bytes = Vector.bytes(ofHex: "00000002" + "0001" + "00")
        var reader = unsafe DataStreamReader(bytes.span.bytes, format: Self.format)
        let list = try reader.transaction { (reader) throws(DataStreamError) in
            reader.format.byteOrder = .bigEndian
            reader.format.version = .qt5_0
            return try reader.read([UInt16].self)
        }
        #expect(list == nil && reader.offset == 0 && reader.format == Self.format)
        try reader.skipRawData(6)
        do throws(DataStreamError) {
            try reader.skipRawData(2)
            Issue.record("more than there is was passed over")
        } catch {
            #expect(error.missingCount == 1)
        }
    }
}
