import QtDataStream
import Testing

/// Every value, cut at every byte: it is rolled back, and completes when the rest is there.
@Suite struct TruncationTests {
    /// One version of each line is enough: the others have the same bytes.
    private static func eachCut(_ body: (Vector, Sample, Origin, Int) throws -> Void) throws {
        for vector in try Vector.all() {
            let sample = try #require(Samples.byName[vector.name])
            guard sample.refusal == nil else { continue }
            for cut in vector.bytes.indices { try body(vector, sample, vector.origins[0], cut) }
        }
    }

    @Test func `a value that is cut is not read, and the reader says how many bytes it waits for at least`() throws {
        try Self.eachCut { vector, sample, origin, cut in
            let error = refusal { () throws(DataStreamError) in
                _ = try reading(Array(vector.bytes[..<cut]), origin.format) { (reader) throws(DataStreamError) in
                    try sample.difference(&reader, origin)
                }
            }
            #expect(error?.code == .readPastEnd, "\(vector.name) at \(cut): \(String(describing: error))")
            let missing = error?.missingCount ?? 0
            #expect((1...vector.bytes.count - cut).contains(missing), "\(vector.name) at \(cut)")
        }
    }

    @Test func `a transaction over a value that is cut leaves the reader where it was`() throws {
        try Self.eachCut { vector, sample, origin, cut in
            try reading([7] + vector.bytes[..<cut], origin.format) { (reader) throws(DataStreamError) in
                _ = try reader.read(UInt8.self)
                let result = try reader.transaction { (reader) throws(DataStreamError) in try sample.difference(&reader, origin) }
                #expect(result == nil && reader.offset == 1 && reader.remainingCount == cut, "\(vector.name) at \(cut)")
            }
        }
    }

    @Test func `a value that is cut completes when the rest has come`() throws {
        try Self.eachCut { vector, sample, origin, cut in
            var buffer = DataStreamBuffer(format: origin.format, maximumCount: 1_000)
            try buffer.append(Array(vector.bytes[..<cut]))
            let early = try buffer.transaction { (reader) throws(DataStreamError) in try sample.difference(&reader, origin) }
            #expect(early == nil && buffer.count == cut, "\(vector.name) at \(cut)")
            try buffer.append(Array(vector.bytes[cut...]))
            let whole = try buffer.transaction { (reader) throws(DataStreamError) in try sample.difference(&reader, origin) ?? "" }
            #expect(whole == "" && buffer.count == 0, "\(vector.name) at \(cut)")
        }
    }

    @Test func `values that come byte by byte are read one after the other`() throws {
        for file in Vector.files {
            let vectors = try Vector.vectors(in: file).filter { Samples.byName[$0.name]?.refusal == nil }
            for (format, vectors) in Dictionary(grouping: vectors, by: \.format) {
                var buffer = DataStreamBuffer(format: format, maximumCount: 1_000)
                var left = vectors[...]
                for byte in vectors.flatMap(\.bytes) {
                    try buffer.append([byte])
                    guard let next = left.first, let sample = Samples.byName[next.name] else { break }
                    let difference = try buffer.transaction { (reader) throws(DataStreamError) in
                        try sample.difference(&reader, next.origins[0]) ?? ""
                    }
                    if let difference {
                        #expect(difference == "", "\(next.name)")
                        left.removeFirst()
                    }
                }
                #expect(left.isEmpty && buffer.count == 0)
            }
        }
    }
}
