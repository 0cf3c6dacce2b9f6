import QtDataStream
import Testing

/// A stream that arrives in pieces.
@Suite struct BufferTests {
    private static let format = DataStreamFormat(version: .qt6_0)

    @Test func `messages come out whole and in order, however the bytes are cut`() throws {
        let texts = (0..<200).map { String(repeating: "x", count: $0 % 40) }
        let stream = try texts.flatMap { try written($0, Self.format) }
        for piece in [1, 2, 3, 7, 64, 1_000, stream.count] {
            var buffer = DataStreamBuffer(format: Self.format, maximumCount: stream.count)
            var received: [String] = []
            for start in stride(from: 0, to: stream.count, by: piece) {
                try buffer.append(Array(stream[start..<min(start + piece, stream.count)]))
                while let text = try buffer.next(String.self) { received.append(text) }
            }
            #expect(received == texts && buffer.count == 0)
        }
    }

    @Test func `a list that comes byte by byte is not tried for each byte`() throws {
        var buffer = DataStreamBuffer(format: Self.format, maximumCount: 100_000)
        let values = (0..<10_000).map { UInt64($0) }
        var attempts = 0
        var result: [UInt64]?
        for byte in try written(values, Self.format) {
            try buffer.append([byte])
            result = try buffer.transaction { (reader) throws(DataStreamError) in
                attempts += 1
                return try reader.read()
            }
        }
        #expect(result == values)
        #expect(attempts < 1_000)
    }

    @Test func `more than the maximum is not kept`() throws {
        var buffer = DataStreamBuffer(format: Self.format, maximumCount: 8)
        try buffer.append([0, 0, 0, 4, 1, 2])
        let full = refusal { () throws(DataStreamError) in try buffer.append([3, 4, 5]) }
        #expect(full?.code == .limitExceeded && buffer.count == 6)
        try buffer.append([3, 4])
        #expect(try buffer.next([UInt8].self) == [1, 2, 3, 4])
        try buffer.append([0, 0, 0, 4, 1, 2, 3, 4])
        #expect(try buffer.next([UInt8].self) == [1, 2, 3, 4])
    }

    @Test func `a message that cannot end within the maximum is refused before its bytes are here`() throws {
        var buffer = DataStreamBuffer(format: Self.format, maximumCount: 100)
        try buffer.append([0x7F, 0xFF, 0xFF, 0xFF])
        #expect(try buffer.next(String.self) == nil)
        let error = refusal { () throws(DataStreamError) in try buffer.append([0]) }
        #expect(error?.code == .limitExceeded)
    }

    @Test func `an error tells the place in the whole stream`() throws {
        var buffer = DataStreamBuffer(format: Self.format, maximumCount: 100)
        for _ in 0..<1_000 {
            try buffer.append([1, 2, 3])
            _ = try buffer.transaction { (reader) throws(DataStreamError) in try reader.skipRawData(3) }
        }
        try buffer.append([0, 0, 0, 3, 0, 0, 0])
        let error = refusal { () throws(DataStreamError) in _ = try buffer.next(String.self) }
        #expect(error?.code == .corruptData && error?.offset == 3_000)
    }

    @Test func `a body is never called without bytes, and not again before there are more`() throws {
        var buffer = DataStreamBuffer(format: Self.format, maximumCount: 100)
        var calls = 0
        func attempt() throws -> UInt32? {
            try buffer.transaction { (reader) throws(DataStreamError) in
                calls += 1
                return try reader.read()
            }
        }
        #expect(try attempt() == nil)
        #expect(calls == 0)
        try buffer.append([1])
        #expect(try attempt() == nil)
        #expect(calls == 1)
        #expect(try attempt() == nil)
        #expect(calls == 1)
        try buffer.append([2, 3])
        #expect(try attempt() == nil)
        #expect(calls == 1)
        try buffer.append([4])
        #expect(try attempt() == 0x0102_0304)
        #expect(calls == 2)
    }

    @Test func `a format that a message changes stays changed, and one that is rolled back does not`() throws {
        var buffer = DataStreamBuffer(format: Self.format, maximumCount: 100)
        func little(_ reader: inout DataStreamReader) throws(DataStreamError) -> UInt16 {
            reader.format.byteOrder = .littleEndian
            return try reader.read()
        }
        try buffer.append([1])
        let early = try buffer.transaction { (reader) throws(DataStreamError) in try little(&reader) }
        #expect(early == nil)
        #expect(buffer.format == Self.format)
        try buffer.append([0])
        let whole = try buffer.transaction { (reader) throws(DataStreamError) in try little(&reader) }
        #expect(whole == 1)
        #expect(buffer.format.byteOrder == .littleEndian)
    }
}
