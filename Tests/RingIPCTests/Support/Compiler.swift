import Foundation
import Glibc

/// Compiles snippets against the library as this very test run built it.
struct Compiler: Sendable {
    private let executable: String
    private let arguments: [String]

    /// Why there is none, for the message of a skipped test.
    static let whyMissing = "no swiftc in PATH, or the RingIPC module is not beside the test program"
    static let found = Compiler()

    /// `nil` when this run has no compiler or no module: an installed test program, a stripped container.
    private init?() {
        guard
            let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            let compiler = Self.compiler()
        else { return nil }
        let products = URL(fileURLWithPath: program).deletingLastPathComponent()
        // The module's place has changed between toolchains: beside the products, or in a folder of its own.
        let folders = [products.appendingPathComponent("Modules"), products]
        guard let modules = folders.first(where: { Self.exists($0.appendingPathComponent("RingIPC.swiftmodule")) }) else { return nil }
        executable = compiler
        // With the build's own cache, or the C library would be compiled again for each snippet.
        var arguments = ["-swift-version", "6", "-I", modules.path, "-module-cache-path", products.appendingPathComponent("ModuleCache").path]
        // The C modules behind the library: one map is made by the build, the other is a source file.
        let sources = URL(fileURLWithPath: #filePath).pathComponents.dropLast(4).joined(separator: "/").dropFirst()
        let maps = [
            products.appendingPathComponent("CRingIPC.build/module.modulemap"),
            URL(fileURLWithPath: "\(sources)/Sources/CLiburing/module.modulemap"),
        ]
        for map in maps where Self.exists(map) { arguments += ["-Xcc", "-fmodule-map-file=\(map.path)"] }
        self.arguments = arguments
    }

    /// Runs the compiler as far as the stage that checks lifetimes: type checking alone does not see an escape.
    ///
    /// - Returns: `nil` when the snippet compiles, else what the compiler says.
    func diagnostics(of snippet: String) throws -> String? {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ringipc-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appendingPathComponent("Snippet.swift")
        try snippet.write(to: source, atomically: true, encoding: .utf8)
        let messages = folder.appendingPathComponent("messages").path
        let descriptor = unsafe open(messages, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { _ = close(descriptor) }
        let process = try ChildProcess(executable, ["-emit-sil", source.path, "-o", "/dev/null"] + arguments, errors: descriptor)
        return process.wait() == 0 ? nil : try String(contentsOfFile: messages, encoding: .utf8)
    }

    private static func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }

    private static func compiler() -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").map { "\($0)/swiftc" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
