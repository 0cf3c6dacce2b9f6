import Foundation
import QtDataStream
import Testing

/// Lengths and depths that nobody honest would write.
@Suite struct HostileTests {
    private static let lengths = [
        "ffffffff", "fffffffe", "fffffffd", "80000000", "7fffffff", "00010000", "fffffffe7fffffffffffffff", "fffffffe8000000000000000",
        "fffffffeffffffffffffffff", "fffffffe4000000000000000", "fffffffe3fffffffffffffff", "fffffffe0000000100000000",
    ]

    /// Reads `bytes` as everything that has a length.
    private static func readAll(_ bytes: [UInt8], _ format: DataStreamFormat) -> [DataStreamError?] {
        func error<Value: DataStreamable>(_ type: Value.Type) -> DataStreamError? {
            refusal { () throws(DataStreamError) in _ = try read(type, from: bytes, format) }
        }
        return [
            error([UInt8].self), error(String.self), error([String].self), error([UInt64].self), error([[Variant]].self),
            error(OrderedMap<String, Variant>.self), error([String: Int8].self), error([DateTime].self), error(Variant.self),
        ]
    }

    @Test(arguments: lengths, [DataStreamFormat.Version.qt5_15, .qt6_7])
    func `a length that the bytes cannot hold ends the reading`(_ length: String, _ version: DataStreamFormat.Version) {
        let format = DataStreamFormat(version: version)
        for (index, error) in Self.readAll(Vector.bytes(ofHex: length + "00000001000000020003"), format).enumerated() {
            // Bytes and text have a null value, which is read as an empty one.
            let isNull = length == "ffffffff" && index < 2
            #expect((error == nil) == isNull, "\(index)")
            guard let error else { continue }
            #expect(error.code == .corruptData || error.code == .unsupported || error.missingCount > 0, "\(error)")
        }
    }

    @Test func `no memory is reserved for what is only announced`() async {
        await #expect(processExitsWith: .success) {
            let before = try peakMemory()
            for version in [DataStreamFormat.Version.qt5_15, .qt6_7] {
                let format = DataStreamFormat(version: version)
                for length in HostileTests.lengths {
                    let bytes = Vector.bytes(ofHex: length + "00000001000000020003")
                    _ = HostileTests.readAll(bytes, format)
                    // Behind the type of a variant, and as the inner one of two lists.
                    for prefix in ["0000000a00", "0000000c00", "0000000b00", "0000000900", "0000000800", "00000001"] {
                        _ = HostileTests.readAll(Vector.bytes(ofHex: prefix) + bytes, format)
                    }
                }
            }
            // The smallest of these lengths announces 64 KiB and the next one 2 GiB.
            let after = try peakMemory()
            guard after - before < 64 << 10 else { fatalError("the memory has grown by \(after - before) KiB") }
        }
    }

    @Test func `elements are not begun when the bytes cannot hold them all`() throws {
        struct Untouchable: DataStreamable {
            init(from stream: inout DataStreamReader) throws(DataStreamError) { fatalError("an element was read") }
            func write(to stream: inout DataStreamWriter) throws(DataStreamError) {}
        }
        let error = refusal { () throws(DataStreamError) in
            _ = try read([Untouchable].self, from: Vector.bytes(ofHex: "0000000401ffff"), DataStreamFormat(version: .qt6_0))
        }
        #expect(error?.code == .readPastEnd && error?.missingCount == 1)
    }

    @Test func `lists and maps may lie in each other up to the limit and no deeper`() throws {
        func nested(_ depth: Int) -> Variant {
            (1..<depth).reduce(.list([])) { value, level in level % 2 == 0 ? .list([value]) : .map(["": value]) }
        }
        func bytes(_ depth: Int) -> [UInt8] {
            (1..<depth).reduce(Vector.bytes(ofHex: "000000090000000000")) { value, level in
                Vector.bytes(ofHex: level % 2 == 0 ? "000000090000000001" : "00000008000000000100000000") + value
            }
        }
        let (format, limit) = (DataStreamFormat(version: .qt6_0), DataStreamReader.maximumNestingDepth)
        #expect(try read(Variant.self, from: bytes(limit), format) == nested(limit))
        #expect(try written(nested(limit), format) == bytes(limit))
        for depth in [limit + 1, 2_000] {
            let error = refusal { () throws(DataStreamError) in _ = try read(Variant.self, from: bytes(depth), format) }
            #expect(error?.code == .limitExceeded)
        }
        let error = refusal { () throws(DataStreamError) in _ = try DataStreamWriter.length(of: nested(limit + 1), format: format) }
        #expect(error?.code == .limitExceeded)
    }

    @Test func `a type of variant that is not read is refused by its number`() {
        let format = DataStreamFormat(version: .qt6_0)
        for number in [7, 13, 17, 31, 32, 34, 41, 64, 1_024, 65_536, UInt32.max] as [UInt32] {
            let error = refusal { () throws(DataStreamError) in
                _ = try read(Variant.self, from: try written(number, format) + [UInt8](repeating: 0, count: 20), format)
            }
            #expect(error?.code == .unsupported && error?.detail.contains("\(number)") == true)
        }
    }
}

/// The most that this process has ever mapped, in KiB.
private func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") }
    guard let line, let number = line.split(separator: " ").dropLast().last, let peak = Int(number.filter(\.isNumber)) else {
        fatalError("no VmPeak in /proc/self/status")
    }
    return peak
}
