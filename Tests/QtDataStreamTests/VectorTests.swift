import QtDataStream
import Testing

/// What real Qt has written is read to the values that were written, and written back to the same bytes.
@Suite struct VectorTests {
    @Test(arguments: Vector.files)
    func `what Qt has written is read to the values`(_ file: String) throws {
        for vector in try Vector.vectors(in: file) {
            let sample = try #require(Samples.byName[vector.name], "\(vector.name) has no value")
            for origin in vector.origins {
                let error = refusal { () throws(DataStreamError) in
                    try reading(vector.bytes, origin.format) { (reader) throws(DataStreamError) in
                        #expect(try sample.difference(&reader, origin) == nil, "\(vector.name), \(origin.format)")
                        #expect(reader.remainingCount == 0, "\(vector.name), \(origin.format)")
                    }
                }
                #expect(error?.code == sample.refusal, "\(vector.name), \(origin.format): \(error?.description ?? "not refused")")
            }
        }
    }

    @Test(arguments: Vector.files)
    func `the values are written as Qt writes them`(_ file: String) throws {
        for vector in try Vector.vectors(in: file) {
            let sample = try #require(Samples.byName[vector.name])
            guard sample.refusal == nil else { continue }
            for origin in vector.origins {
                var writer = DataStreamWriter(format: origin.format)
                try sample.write(&writer, origin)
                let bytes = writer.finish()
                #expect(bytes == vector.bytes, "\(vector.name), \(origin.format)")
            }
        }
    }

    @Test(arguments: Vector.files)
    func `a file has every value, in every version and both byte orders`(_ file: String) throws {
        let vectors = try Vector.vectors(in: file)
        #expect(Set(vectors.map(\.name)) == Set(Samples.byName.keys))
        let versions = try #require(vectors.map { $0.origins.map(\.version) }.max { $0.count < $1.count })
        for (name, vectors) in Dictionary(grouping: vectors, by: \.name) {
            for order in DataStreamFormat.ByteOrder.allCases {
                let there = vectors.filter { $0.format.byteOrder == order }.flatMap { $0.origins.map(\.version) }
                #expect(there == versions, "\(name), \(order)")
            }
        }
        #expect(versions == Array(DataStreamFormat.Version.allCases.prefix(versions.count)))
    }

    @Test func `the newest library knows every version`() throws {
        let versions = try Vector.vectors(in: "written-qt6.11.txt")[0].origins.map(\.version)
        #expect(versions == DataStreamFormat.Version.allCases)
    }
}
