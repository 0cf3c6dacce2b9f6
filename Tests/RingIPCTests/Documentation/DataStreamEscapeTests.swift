import Testing

/// What a reader lends cannot outlive the bytes that it reads: the compiler refuses the program.
@Suite(.enabled(if: Compiler.found != nil, "\(Compiler.whyMissing)"))
struct DataStreamEscapeTests {
    private static let format = "DataStreamFormat(version: .qt6_0)"

    static let allowed = [
        """
        func length(_ bytes: [UInt8]) throws -> Int {
            var reader = DataStreamReader(bytes.span.bytes, format: \(format))
            let first = try reader.readByteArray()
            let second = try reader.readRawData(2)
            return (first?.byteCount ?? 0) + second.byteCount
        }
        """
    ]

    static let refused = [
        """
        func keep(_ bytes: [UInt8], _ more: [UInt8]) throws {
            var kept: RawSpan?
            do {
                let local = bytes + more
                var reader = DataStreamReader(local.span.bytes, format: \(format))
                kept = try reader.readByteArray()
            }
            print(kept?.byteCount ?? 0)
        }
        """,
        """
        func keep(_ bytes: inout [UInt8]) throws {
            var reader = DataStreamReader(bytes.span.bytes, format: \(format))
            let array = try reader.readByteArray()
            bytes.append(1)
            print(array?.byteCount ?? 0)
        }
        """,
        """
        func keep(_ buffer: inout DataStreamBuffer) throws {
            let kept: RawSpan? = try buffer.transaction { reader in try reader.readRawData(1) }
            print(kept?.byteCount ?? 0)
        }
        """,
        """
        final class Keeper { var kept: DataStreamWriter? }
        """,
        """
        func keep(_ bytes: inout [UInt8]) throws {
            var elements = bytes.mutableSpan
            var memory = elements.mutableBytes
            var writer = DataStreamWriter(into: &memory, format: \(format))
            memory.storeBytes(of: 1, as: UInt8.self)
            try writer.write(true)
        }
        """,
    ]

    @Test(arguments: allowed)
    func `the compiler accepts a program that may`(_ code: String) throws {
        let diagnostics = try Compiler.found?.diagnostics(of: "import QtDataStream\n" + code)
        #expect(diagnostics == nil)
    }

    @Test(arguments: refused)
    func `the compiler refuses a program that may not`(_ code: String) throws {
        let diagnostics = try #require(try Compiler.found?.diagnostics(of: "import QtDataStream\n" + code), "it compiled")
        let reasons = ["lifetime-dependent", "~Escapable", "conform to 'Escapable'", "overlapping accesses", "escap"]
        #expect(reasons.contains { diagnostics.contains($0) }, "\(diagnostics)")
        for other in ["cannot find", "has no member", "no such module", "missing argument"] {
            #expect(!diagnostics.contains(other), "\(diagnostics)")
        }
    }
}
