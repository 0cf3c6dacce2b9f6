import Foundation
import Testing

/// What libFuzzer is given as well, and as much of its work as a test has time for.
@Suite struct FuzzTests {
    @Test func `no bytes are read in two ways, trap, or are written differently`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededNumbers(seed: seed)
        let vectors = try Vector.all().map(\.bytes)
        let check = StreamCheck()
        for run in 0..<20_000 {
            let format = UInt8.random(in: 0...63, using: &random)
            let type = UInt8.random(in: 0..<UInt8(StreamCheck.typeCount), using: &random)
            let bytes = run % 4 == 0 ? Self.noise(&random) : Self.changed(vectors.randomElement(using: &random)!, &random)
            let failure = unsafe ([format, type] + bytes).withUnsafeBytes { unsafe check.failure(on: $0) }
            #expect(failure == nil, "seed \(seed), run \(run)")
        }
    }

    private static func noise(_ random: inout SeededNumbers) -> [UInt8] {
        // Mostly small numbers: others are lengths that end the reading at once.
        (0..<Int.random(in: 0...60, using: &random)).map { _ in
            Bool.random(using: &random) ? 0 : UInt8.random(in: 0 ... .max, using: &random) >> UInt8.random(in: 0...7, using: &random)
        }
    }

    private static func changed(_ vector: [UInt8], _ random: inout SeededNumbers) -> [UInt8] {
        var bytes = vector
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0...2, using: &random) {
            case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0 ... .max, using: &random)
            case 1 where place < bytes.count: bytes.remove(at: place)
            default: bytes.insert(UInt8.random(in: 0...16, using: &random), at: place)
            }
        }
        return bytes
    }

    @Test func `the inputs that are committed for libFuzzer pass, and the check can fail`() throws {
        let inputs = try Self.committed()
        let (check, canary) = (StreamCheck(), StreamCheck(isCanary: true))
        for (name, bytes) in inputs { #expect(unsafe bytes.withUnsafeBytes { unsafe check.failure(on: $0) } == nil, "\(name)") }
        #expect(inputs.contains { unsafe $0.bytes.withUnsafeBytes { unsafe canary.failure(on: $0) } != nil }, "the check cannot fail")
    }

    private static func committed() throws -> [(name: String, bytes: [UInt8])] {
        let fuzz = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../Fuzz").standardizedFileURL
        return try ["Seeds", "Corpora"].flatMap { kind in
            let folder = fuzz.appendingPathComponent("\(kind)/datastream")
            return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
                ("\(kind)/\(name)", Array(try Data(contentsOf: folder.appendingPathComponent(name))))
            }
        }
    }
}
