import Foundation
import Testing

/// What the documents show is what a reader can compile.
@Suite(.enabled(if: Compiler.found != nil, "\(Compiler.whyMissing)"))
struct DocumentationTests {
    /// Every document with Swift in it. A new one is named here.
    static let documents =
        ["README.md"] + ["RingIPC", "Choosing", "Lifetimes", "Ends"].map { "Sources/RingIPC/RingIPC.docc/\($0).md" }
        + ["Sources/RingIPCTesting/RingIPCTesting.docc/Testing.md"]

    @Test(arguments: documents)
    func `the code in a document compiles`(_ path: String) throws {
        let code = try DocumentedCode(document: path)
        #expect(!code.blocks.isEmpty, "no Swift block in \(path); is the fence still marked as swift?")
        let diagnostics = try Compiler.found?.diagnostics(of: code.program)
        #expect(diagnostics == nil)
    }

    @Test func `the code in documentation comments compiles`() throws {
        let code = try DocumentedCode(commentsIn: ["Sources/RingIPC", "Sources/RingIPCTesting"])
        #expect(code.blocks.count >= 7, "documentation comments with code are not found any more")
        let diagnostics = try Compiler.found?.diagnostics(of: code.program)
        #expect(diagnostics == nil)
    }

    @Test(arguments: [
        "QtDataStream/QtDataStream.docc/QtDataStream.md", "QtLocalSocket/QtLocalSocket.docc/QtLocalSocket.md",
        "QtLocalSocket/QtLocalSocket.docc/FromQLocalSocket.md",
    ])
    func `the code in a document about Qt compiles`(_ path: String) throws {
        var code = try DocumentedCode(document: "Sources/\(path)")
        code.modules = ["QtDataStream", "QtLocalSocket", "RingIPC"]
        #expect(!code.blocks.isEmpty, "no Swift block in \(path); is the fence still marked as swift?")
        let diagnostics = try Compiler.found?.diagnostics(of: code.program)
        #expect(diagnostics == nil)
    }

    @Test func `the code in documentation comments of QtDataStream compiles`() throws {
        var code = try DocumentedCode(commentsIn: ["Sources/QtDataStream"])
        code.modules = ["QtDataStream"]
        #expect(code.blocks.count >= 4, "documentation comments with code are not found any more")
        let diagnostics = try Compiler.found?.diagnostics(of: code.program)
        #expect(diagnostics == nil)
    }

    @Test func `the code in documentation comments of QtLocalSocket compiles`() throws {
        var code = try DocumentedCode(commentsIn: ["Sources/QtLocalSocket"])
        code.modules = ["QtLocalSocket", "RingIPC"]
        #expect(code.blocks.count >= 3, "documentation comments with code are not found any more")
        let diagnostics = try Compiler.found?.diagnostics(of: code.program)
        #expect(diagnostics == nil)
    }

    // MARK: Controls

    private static let document = """
        Text, and a block that is not Swift.
        ```sh
        this is not Swift
        ```
        ```swift
        .package(url: "https://example.org/RingIPC", from: "1.0.0")
        ```
        ```swift
        import Foundation

        struct Echo: ConnectionHandler {
            mutating func received(_ frames: inout FrameBatch, reply: inout Outbound) throws {
                while let frame = try frames.next() { try reply.send(frame.bytes) }
            }
        }
        ```
        - An item with a block:
          ```swift
          let loop = try EventLoop()
          ```
        ```swift
        try loop.listen(on: .abstract("name")) { peer in Echo() }
        print(Date())
        ```
        ```swift
        let loop = 5
        print(loop)
        ```
        """

    private static func code(_ text: String) -> DocumentedCode {
        let blocks = DocumentedCode.blocks(in: text.components(separatedBy: "\n"), of: "Control.md")
        return DocumentedCode(testDescription: "control", blocks: blocks)
    }

    @Test func `blocks are found where they are, and later ones know the names of earlier ones`() throws {
        let code = Self.code(Self.document)
        #expect(code.blocks.map(\.line) == [6, 9, 19, 22, 26])
        #expect(code.blocks.map(\.isManifest) == [true, false, false, false, false])
        #expect(code.blocks[2].code == "let loop = try EventLoop()")
        let diagnostics = try Compiler.found?.diagnostics(of: code.program)
        #expect(diagnostics == nil)
    }

    @Test(arguments: [
        ("try loop.listen", "try loop.listn", "Control.md:22:10: error: value of type 'EventLoop' has no member 'listn'"),
        ("struct Echo:", "struct Other:", "Control.md:22:50: error: cannot find 'Echo' in scope"),
        ("while let frame", "while let other", "Control.md:13:"),
        ("let loop = 5", "let loop: String = 5", "Control.md:26:"),
    ])
    func `a mistake in a block is reported with its place in the document`(_ right: String, _ wrong: String, _ expected: String) throws {
        let code = Self.code(Self.document.replacingOccurrences(of: right, with: wrong))
        let diagnostics = try #require(try Compiler.found?.diagnostics(of: code.program), "it compiled")
        #expect(diagnostics.contains(expected), "\(diagnostics)")
    }
}
