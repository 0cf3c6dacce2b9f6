import QtDataStream
import RingIPC
import Testing

/// Where the bytes go.
@Suite struct WriterTests {
    private static let format = DataStreamFormat(version: .qt6_0)
    private static let value = Variant.map([
        "numbers": .list([.int32(1), .double(2)]), "text": .string("héllo"), "bytes": .byteArray([1, 2, 3]),
    ])

    @Test func `memory of the length that was said before is filled to the last byte`() throws {
        let bytes = try written(Self.value, Self.format)
        let length = try DataStreamWriter.length(of: Self.value, format: Self.format)
        #expect(length == bytes.count)
        var memory = [UInt8](repeating: 0xEE, count: length + 1)
        try Self.write(to: &memory, count: length)
        #expect(memory == bytes + [0xEE])
    }

    @Test func `what does not fit is refused, and nothing is written behind the end`() throws {
        let bytes = try written(Self.value, Self.format)
        for room in 0..<bytes.count {
            var memory = [UInt8](repeating: 0xEE, count: bytes.count)
            let error = refusal { () throws(DataStreamError) in try Self.write(to: &memory, count: room) }
            #expect(error?.code == .writeFailed)
            #expect((1...bytes.count - room).contains(error?.missingCount ?? 0))
            #expect(memory[room...].allSatisfy { $0 == 0xEE })
            #expect((error?.offset).map { bytes[..<$0] == memory[..<$0] } == true)
        }
    }

    private static func write(to memory: inout [UInt8], count: Int) throws(DataStreamError) {
        var elements = memory.mutableSpan
        var bytes = unsafe elements.mutableBytes
        var room = bytes._mutatingExtracting(first: count)
        var writer = DataStreamWriter(into: &room, format: format)
        try writer.write(value)
    }

    @Test func `an array that is used again holds the new message alone`() throws {
        var array: [UInt8] = []
        for count in [1_000, 0, 10, 5_000] {
            var writer = DataStreamWriter(format: Self.format, reusing: array)
            try writer.write(String(repeating: "a", count: count))
            #expect(writer.offset == 4 + 2 * count)
            array = writer.finish()
            #expect(array.count == 4 + 2 * count)
        }
    }

    @Test func `a frame of RingIPC is written where it is sent from`() throws {
        var configuration = Configuration()
        configuration.format = .qByteArray
        let endpoint = Endpoint.abstract("qtdatastream-\(UInt64.random(in: 0 ... .max))")
        var listener = try Listener(endpoint, configuration: configuration)
        var sender = try Connection(connectingTo: endpoint, configuration: configuration)
        var receiver = try listener.accept(within: .seconds(10))

        let length = try DataStreamWriter.length(of: Self.value, format: Self.format)
        var failure: DataStreamError?
        try sender.send(reserving: length) { memory in
            var writer = DataStreamWriter(into: &memory, format: Self.format)
            do throws(DataStreamError) { try writer.write(Self.value) } catch { failure = error }
        }
        #expect(failure == nil)
        try sender.flush()
        let received = try receiver.receive(within: .seconds(10)) { frame, _ in
            var reader = DataStreamReader(frame.bytes, format: Self.format)
            return try reader.read(Variant.self)
        }
        #expect(received == Self.value)
        try sender.close()
        try receiver.close()
        listener.close()
    }

    @Test func `a local time has no form in a stream that has every moment in UTC`() throws {
        let format = DataStreamFormat(version: .qt5_0)
        let (date, time) = (Date(year: 2024, month: 1, day: 1)!, Time(hour: 0, minute: 0)!)
        for reference in [DateTime.Reference.localTime, .timeZone(.named("Europe/Berlin")), .timeZone(.unknown)] {
            let error = refusal { () throws(DataStreamError) in
                _ = try DataStreamWriter.length(of: DateTime(date, time, in: reference), format: format)
            }
            #expect(error?.code == .unsupported)
        }
        #expect(try DataStreamWriter.length(of: DateTime.invalid, format: format) == 13)
        #expect(try DataStreamWriter.length(of: DateTime(date, time, in: .offsetFromUTC(seconds: .min)), format: format) == 13)
    }

    @Test func `a moment that was converted to UTC is written as UTC to all other versions`() throws {
        let (date, time) = (Date(year: 2024, month: 1, day: 1)!, Time(hour: 0, minute: 0)!)
        for version in DataStreamFormat.Version.allCases.dropFirst() {
            for kind in DateTime.ConvertedReference.allCases {
                let format = DataStreamFormat(version: version)
                let bytes = try written(DateTime(date, time, in: .convertedToUTC(from: kind)), format)
                #expect(try read(DateTime.self, from: bytes, format) == DateTime(date, time, in: .utc))
            }
        }
    }
}
