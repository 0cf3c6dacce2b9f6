import Foundation

/// The inputs that are committed for a fuzz target.
struct CorpusInput {
    let name: String
    private let bytes: [UInt8]

    static func inputs(of target: String) throws -> [CorpusInput] {
        let fuzz = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("../../../Fuzz").standardizedFileURL
        return try ["Seeds", "Corpora"].flatMap { kind in
            let folder = fuzz.appendingPathComponent("\(kind)/\(target)")
            return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
                CorpusInput(name: "\(kind)/\(target)/\(name)", bytes: Array(try Data(contentsOf: folder.appendingPathComponent(name))))
            }
        }
    }

    func examine(_ failure: (UnsafeRawBufferPointer) -> String?) -> String? { unsafe bytes.withUnsafeBytes(failure) }
}
