import Foundation
import Testing

/// The Swift blocks of one document, in order, as one program.
///
/// What a reader would put at file level (types, functions) goes there; statements go into one function, each block in a scope inside that of the
/// block before it, so that a block may use the names of earlier ones and may also use a name again.
struct DocumentedCode: CustomTestStringConvertible, Sendable {
    struct Block: Sendable {
        let file: String
        /// The first line of the code, from 1.
        let line: Int
        let code: String

        /// What a program's manifest says, and not the program: there is no module to compile it against.
        var isManifest: Bool { [".package(", ".product(", ".testTarget(", "// swift-tools-version"].contains { code.hasPrefix($0) } }

        fileprivate var isDeclarations: Bool {
            let first = code.split(separator: "\n").first { !$0.hasPrefix("//") && !$0.hasPrefix("import ") } ?? ""
            let words = ["struct", "enum", "class", "final", "extension", "protocol", "func", "public", "actor"]
            return words.contains { first.hasPrefix("\($0) ") } || first.hasPrefix("@main")
        }
    }

    let testDescription: String
    let blocks: [Block]
    /// What a reader imports besides what the blocks say.
    var modules = ["RingIPC", "RingIPCTesting"]

    var program: String {
        var imports = Set(modules.map { "import \($0)" })
        var declarations = ""
        var statements = ""
        var depth = 0
        for block in blocks where !block.isManifest {
            var lines = block.code.components(separatedBy: "\n")
            for index in lines.indices where lines[index].hasPrefix("import ") {
                imports.insert(lines[index])
                lines[index] = ""
            }
            let code =
                "#sourceLocation(file: \"\(block.file)\", line: \(block.line))\n\(lines.joined(separator: "\n"))\n#sourceLocation()\n"
            if block.isDeclarations {
                declarations += code
            } else {
                statements += "do {\n\(code)"
                depth += 1
            }
        }
        statements += String(repeating: "}\n", count: depth)
        return "\(imports.sorted().joined(separator: "\n"))\n\(declarations)func allStatements() throws {\n\(statements)}\n"
    }
}

extension DocumentedCode {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
        .standardizedFileURL

    /// A Markdown document, by its path from the root of the package.
    init(document path: String) throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
        self.init(testDescription: path, blocks: Self.blocks(in: text.components(separatedBy: "\n"), of: path))
    }

    /// All documentation comments of the Swift files in some folders.
    init(commentsIn folders: [String]) throws {
        let files = folders.flatMap { folder in
            let files = FileManager.default.enumerator(atPath: Self.root.appendingPathComponent(folder).path)
            let paths = (files?.allObjects ?? []).compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted()
            return paths.map { "\(folder)/\($0)" }
        }
        let blocks = try files.flatMap { file in
            let text = try String(contentsOf: Self.root.appendingPathComponent(file), encoding: .utf8)
            return Self.blocks(in: text.components(separatedBy: "\n").map(Self.comment), of: file)
        }
        self.init(testDescription: "documentation comments in \(folders.joined(separator: ", "))", blocks: blocks)
    }

    /// The text of a line of a documentation comment; of any other line, nothing.
    private static func comment(_ line: String) -> String {
        let text = line.drop { $0 == " " }
        guard text.hasPrefix("///") else { return "" }
        return String(text.dropFirst(text.hasPrefix("/// ") ? 4 : 3))
    }

    /// The blocks that are fenced as Swift. A fence may be indented, and its block is then indented with it.
    static func blocks(in lines: [String], of file: String) -> [Block] {
        var blocks: [Block] = []
        var fence: (indentation: Int, language: String, first: Int)?
        for (index, line) in lines.enumerated() {
            let text = line.drop { $0 == " " }
            guard text.hasPrefix("```") else { continue }
            guard let open = fence else {
                fence = (line.count - text.count, String(text.dropFirst(3)), index + 1)
                continue
            }
            fence = nil
            guard open.language == "swift" else { continue }
            let code = lines[open.first..<index].map { String($0.dropFirst(open.indentation)) }.joined(separator: "\n")
            blocks.append(Block(file: file, line: open.first + 1, code: code))
        }
        return blocks
    }
}
