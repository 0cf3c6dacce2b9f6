import Foundation
import QtDataStream

/// Bytes that a real Qt has written, in one or more versions of the stream. `Vectors` has the programs.
struct Vector: Sendable {
    let name: String
    let origins: [Origin]
    let bytes: [UInt8]

    /// The value's name, and the precision that is set when it ends in one.
    var format: DataStreamFormat { origins[0].format }
}

/// Which library wrote, and how it was set.
struct Origin: Sendable {
    let isQt5: Bool
    let format: DataStreamFormat
    var version: DataStreamFormat.Version { format.version }
}

extension Vector {
    static let files = ["written-qt5.15.txt", "written-qt6.4.txt", "written-qt6.11.txt"]

    static func vectors(in file: String) throws -> [Vector] {
        let isQt5 = file.contains("qt5")
        return try lines(of: file).map { line in
            let (name, order) = (String(line[0]), line[2] == "big" ? DataStreamFormat.ByteOrder.bigEndian : .littleEndian)
            let versions = line[1].split(separator: "-").compactMap { Int32($0) }
            let origins = (versions[0]...versions[1]).map { version in
                let format = DataStreamFormat(
                    version: DataStreamFormat.Version(rawValue: version)!, byteOrder: order,
                    floatingPointPrecision: name.hasSuffix(".single") ? .single : .double)
                return Origin(isQt5: isQt5, format: format)
            }
            return Vector(name: name, origins: origins, bytes: bytes(ofHex: line[3]))
        }
    }

    static func all() throws -> [Vector] { try files.flatMap { try vectors(in: $0) } }

    /// The words of the lines that are no comments.
    static func lines(of file: String) throws -> [[Substring]] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Vectors").standardizedFileURL
        let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ") }
    }

    static func bytes(ofHex hex: some StringProtocol) -> [UInt8] {
        let digits = hex.compactMap { $0.hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
