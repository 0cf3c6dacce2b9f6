import Foundation
import Testing

@testable import RingIPC

/// The worked example in `Docs/WireFormat.md` is what the code reads and writes.
@Suite struct WireFormatDocumentTests {
    /// The bytes of a fenced block, by the word that each line begins with.
    private static func bytes(inBlock name: String) throws -> [String: [UInt8]] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
        let text = try String(contentsOf: root.appendingPathComponent("Docs/WireFormat.md"), encoding: .utf8)
        let block = try #require(text.components(separatedBy: "```\(name)\n").dropFirst().first?.components(separatedBy: "```").first)
        var streams: [String: [UInt8]] = [:]
        for line in block.split(separator: "\n") {
            let words = line.split(separator: " ")
            let bytes = words.dropFirst().prefix { $0.count == 2 && UInt8($0, radix: 16) != nil }.compactMap { UInt8($0, radix: 16) }
            streams[String(words[0]), default: []] += bytes
        }
        return streams
    }

    private static let messages = [[UInt8]("hello".utf8), []]
    private static let answers = [[UInt8]("welcome!".utf8), [UInt8](".".utf8)]

    @Test func `both streams of the session are read as they are explained`() throws {
        let streams = try Self.bytes(inBlock: "session")
        for (side, limit, payloads) in [("C", 16 << 20, Self.messages), ("S", 1 << 20, Self.answers)] {
            let stream = try #require(streams[side])
            let hello = try unsafe stream.withUnsafeBytes { unsafe try Hello(reading: $0) }
            #expect(hello == Hello(maximumFrameLength: limit))
            let frames = Array(stream.dropFirst(Hello.encodedLength))
            let expected = StreamVerdict(frames: payloads.map { .data($0) }, isFinished: true)
            #expect(ParserFeed.verdict(on: [frames], .native, limit: 1 << 20) == expected)
            #expect(ReferenceDecoder(format: .native, limit: 1 << 20).verdict(on: frames) == expected)
        }
    }

    @Test func `the client's stream is written byte by byte as in the session`() throws {
        let pool = OutboundChunkPool(maximumFreeCount: 1)
        var outbound = Outbound.forTest(.native, pool: pool)
        let hello = Hello(maximumFrameLength: 16 << 20)
        unsafe outbound.appendControl(length: Hello.encodedLength) { unsafe hello.write(to: $0) }
        for message in Self.messages { try outbound.send(message) }
        unsafe outbound.appendControl(length: NativeHeader.length) {
            unsafe $0.storeBytes(of: NativeHeader.word(kind: .goodbye).littleEndian, as: UInt64.self)
        }
        let written = outbound.drain()
        #expect(try written == Self.bytes(inBlock: "session")["C"])
    }

    @Test(arguments: [
        ("little", FrameFormat.lengthPrefixed(.little)), ("big", .lengthPrefixed(.big)), ("two", .lengthPrefixed(.big, width: .two)),
        ("eight", .lengthPrefixed(.big, width: .eight)), ("qByteArray", .qByteArray), ("bytes", .bytes),
    ])
    func `the plain formats are as in the document`(_ name: String, _ format: FrameFormat) throws {
        let stream = try #require(try Self.bytes(inBlock: "plain")[name])
        let messages = format == .bytes ? Self.messages.filter { !$0.isEmpty } : Self.messages
        #expect(ParserFeed.verdict(on: [stream], format, limit: 5) == StreamVerdict(frames: messages.map { .data($0) }))
        let pool = OutboundChunkPool(maximumFreeCount: 1)
        var outbound = Outbound.forTest(format, pool: pool)
        for message in Self.messages { try outbound.send(message) }
        let written = outbound.drain()
        #expect(written == stream)
    }
}
