/// What happened in a run, as a number: two runs of one seed have the same.
struct Trace {
    /// FNV-1a over everything that was noted.
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Gets every entry as a line, for who replays a seed.
    var log: ((String) -> Void)?

    mutating func note(_ event: StaticString, _ subject: Int32, _ result: Int, at time: Int64) {
        event.withUTF8Buffer { bytes in unsafe bytes.forEach { mix($0) } }
        mix(UInt64(bitPattern: Int64(subject)))
        mix(UInt64(bitPattern: Int64(result)))
        mix(UInt64(bitPattern: time))
        if let log { log("\(time)  \(event)  \(subject)  \(result)") }
    }

    mutating func note(_ fault: FaultKind, at time: Int64) {
        mix(UInt64(FaultKind.allCases.firstIndex(of: fault)!))
        mix(UInt64(bitPattern: time))
        if let log { log("\(time)  fault  \(fault.rawValue)") }
    }

    private mutating func mix(_ word: UInt64) {
        var rest = word
        for _ in 0..<8 {
            mix(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    private mutating func mix(_ byte: UInt8) { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
}
