import Testing

/// A view cannot outlive the memory it looks at: the compiler refuses the program. These tests compile small users of the library.
@Suite(.enabled(if: Compiler.found != nil, "\(Compiler.whyMissing)"))
struct FrameViewEscapeTests {
    struct Snippet: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
    }

    /// Everything that a handler may do. If this did not compile, the refusals below would prove nothing.
    static let allowed: [Snippet] = [
        Snippet(
            testDescription: "read, answer and copy in a handler",
            code: """
                struct Copying: ConnectionHandler {
                    var kept: [UInt8] = []
                    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
                        while let frame = try frames.next() {
                            if frame.count > 0, !frame.isNull { kept.append(frame.bytes.unsafeLoad(as: UInt8.self)) }
                            look(at: frame)
                            try reply.send(frame.bytes)
                        }
                    }
                    func look(at frame: FrameView) { frame.bytes.withUnsafeBytes { print($0.count) } }
                }
                """),
        Snippet(
            testDescription: "return a copy from a blocking receive",
            code: """
                func copy(_ connection: inout Connection) throws -> [UInt8]? {
                    try connection.receive { frame, reply in
                        try reply.send(frame.bytes)
                        return frame.bytes.withUnsafeBytes { Array($0) }
                    }
                }
                """),
        Snippet(
            testDescription: "parse bytes at hand",
            code: """
                func total(_ bytes: [UInt8]) throws -> Int {
                    var batch = FrameParser(format: .native, maximumFrameLength: 100).frames(in: bytes.span.bytes)
                    var sum = 0
                    while let frame = try batch.next() { sum += frame.count }
                    return sum
                }
                """),
    ]

    static let refused: [Snippet] = [
        Snippet(
            testDescription: "keep a view in a field of a class",
            code: """
                final class Keeper { var kept: FrameView? }
                func keep(_ frame: FrameView, _ keeper: Keeper) { keeper.kept = frame }
                """),
        Snippet(
            testDescription: "keep a view in a field of the handler",
            code: """
                struct Keeping: ConnectionHandler {
                    var kept: FrameView?
                    mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws { kept = try frames.next() }
                }
                """),
        Snippet(
            testDescription: "collect views in an array",
            code: """
                func collect(_ frames: inout FrameBatch) throws {
                    var views: [FrameView] = []
                    while let frame = try frames.next() { views.append(frame) }
                }
                """),
        Snippet(
            testDescription: "return a view from a blocking receive",
            code: """
                func escape(_ connection: inout Connection) throws {
                    let view: FrameView? = try connection.receive { frame, _ in frame }
                    print(view?.count ?? 0)
                }
                """),
        Snippet(
            testDescription: "return the bytes of a view from a function",
            code: """
                func escape(_ frame: FrameView) -> RawSpan { frame.bytes }
                """),
        Snippet(
            testDescription: "assign a view to a variable outside of a blocking receive",
            code: """
                func escape(_ connection: inout Connection) throws {
                    var kept = RawSpan()
                    _ = try connection.receive { frame, _ in kept = frame.bytes }
                    print(kept.byteCount)
                }
                """),
        Snippet(
            testDescription: "capture a view in an escaping closure",
            code: """
                func later(_ frame: FrameView) -> () -> Int { { frame.count } }
                """),
        Snippet(
            testDescription: "capture a view in a task",
            code: """
                func later(_ frame: FrameView) { Task { print(frame.count) } }
                """),
        Snippet(
            testDescription: "keep a view beyond its batch",
            code: """
                func beyond(_ bytes: [UInt8], _ more: [UInt8]) throws {
                    var kept: FrameView?
                    do {
                        let local = bytes + more
                        var batch = FrameParser(format: .native, maximumFrameLength: 100).frames(in: local.span.bytes)
                        kept = try batch.next()
                    }
                    print(kept?.count ?? 0)
                }
                """),
        Snippet(
            testDescription: "change the bytes while a batch looks at them",
            code: """
                func overwrite(_ bytes: inout [UInt8]) throws {
                    var batch = FrameParser(format: .native, maximumFrameLength: 100).frames(in: bytes.span.bytes)
                    let frame = try batch.next()
                    bytes.append(1)
                    print(frame?.count ?? 0)
                }
                """),
        Snippet(
            testDescription: "keep the memory of a frame that is written in place",
            code: """
                final class Keeper { var kept: MutableRawSpan? }
                func keep(_ outbound: inout Outbound, _ keeper: Keeper) throws { try outbound.send(reserving: 8) { keeper.kept = $0 } }
                """),
    ]

    @Test(arguments: allowed)
    func `the compiler accepts a program that may`(_ snippet: Snippet) throws {
        let diagnostics = try Compiler.found?.diagnostics(of: "import RingIPC\n" + snippet.code)
        #expect(diagnostics == nil)
    }

    @Test(arguments: refused)
    func `the compiler refuses a program that may not`(_ snippet: Snippet) throws {
        let diagnostics = try #require(try Compiler.found?.diagnostics(of: "import RingIPC\n" + snippet.code), "it compiled")
        // For the right reason: an error about lifetimes, and not one about a name that has changed.
        let reasons = ["lifetime-dependent", "~Escapable", "does not conform to protocol 'Escapable'", "overlapping accesses", "escap"]
        #expect(reasons.contains { diagnostics.contains($0) }, "\(diagnostics)")
        for other in ["cannot find", "has no member", "no such module", "missing argument"] {
            #expect(!diagnostics.contains(other), "\(diagnostics)")
        }
    }
}
