import Testing

@testable import RingIPC

@Suite struct ConfigurationTests {
    struct Rule: Sendable, CustomTestStringConvertible {
        let breaks: @Sendable (inout Configuration) -> Void
        /// What the message must have: the name of the setting, its value, the bound.
        let parts: [String]

        init(_ parts: String..., breaks: @escaping @Sendable (inout Configuration) -> Void) {
            self.parts = parts
            self.breaks = breaks
        }

        var testDescription: String { parts.joined(separator: ", ") }
    }

    static let rules: [Rule] = [
        Rule("maximumFrameLength", "-1", "2147483631") { $0.maximumFrameLength = -1 },
        Rule("maximumFrameLength", "2147483632", "2147483631") { $0.maximumFrameLength = 2_147_483_632 },
        Rule("outboundLimit", "16777223", "16777224") { $0.outboundLimit = (16 << 20) + 7 },
        Rule("outboundLimit", "is 0", "at least 1") {
            $0.format = .bytes
            $0.outboundLimit = 0
        },
        Rule("spanningBudget", "16781319", "16781320") { $0.spanningBudget = (16 << 20) + 8 + 4_095 },
        Rule("receiveRingSize", "2048", "4096") { $0.receiveRingSize = 2_048 },
        Rule("receiveRingSize", "12288", "power of two") { $0.receiveRingSize = 12_288 },
        Rule("receiveRingSize", "0", "power of two") { $0.receiveRingSize = 0 },
        Rule("receiveRingSize", "-4096", "power of two") { $0.receiveRingSize = -4_096 },
        Rule("pooledBufferCount", "1", "between 2 and 32768") { $0.pooledBufferCount = 1 },
        Rule("pooledBufferCount", "100", "power of two") { $0.pooledBufferCount = 100 },
        Rule("pooledBufferCount", "65536", "32768") { $0.pooledBufferCount = 65_536 },
        Rule("pooledBufferSize", "1016", "1024") { $0.pooledBufferSize = 1_016 },
        Rule("pooledBufferSize", "1028", "multiple of 8") { $0.pooledBufferSize = 1_028 },
        Rule("pooledBufferSize", "16777224", "16777216") { $0.pooledBufferSize = (16 << 20) + 8 },
        Rule("coalescing", "is 0", "at least 1") { $0.coalescing.thresholdBytes = 0 },
        Rule("maximumConnections", "is 0", "1000000") { $0.maximumConnections = 0 },
        Rule("maximumConnections", "1000001", "1000000") { $0.maximumConnections = 1_000_001 },
        Rule("socketFileMode", "0o1666", "0o777") { $0.socketFileMode = 0o1666 },
        Rule("wait", "-1.0 seconds", "at least 0") { $0.wait = .moderated(interval: .seconds(-1)) },
        Rule("wait", "1.0 seconds", "below 1 second") { $0.wait = .moderated(interval: .seconds(1)) },
        Rule("connectTimeout", "-1.0 seconds") { $0.connectTimeout = .seconds(-1) },
        Rule("helloTimeout", "-2.0 seconds") { $0.helloTimeout = .seconds(-2) },
        Rule("frameTimeout", "-3.0 seconds") { $0.frameTimeout = .seconds(-3) },
        Rule("drainTimeout", "-4.0 seconds") { $0.drainTimeout = .seconds(-4) },
    ]

    @Test(arguments: rules)
    func `a setting that cannot work is refused by name and value`(_ rule: Rule) {
        var configuration = Configuration()
        rule.breaks(&configuration)
        let error = transportError { () throws(TransportError) in try configuration.validate() }
        #expect(error?.code == .invalidConfiguration && error?.operation == .configure)
        for part in rule.parts { #expect(error?.detail.contains(part) == true, "\(part) in: \(error?.detail ?? "no error")") }
    }

    @Test(arguments: FrameFormat.all + [.bytes])
    func `the bounds themselves are allowed`(_ format: FrameFormat) throws {
        var small = Configuration()
        small.format = format
        small.maximumFrameLength = 0
        small.outboundLimit = max(1, format.headerLength)
        small.spanningBudget = format.headerLength + 4_096
        small.receiveRingSize = 4_096
        small.pooledBufferCount = 2
        small.pooledBufferSize = 1_024
        small.coalescing = .everyFrame
        small.maximumConnections = 1
        small.socketFileMode = 0
        (small.connectTimeout, small.helloTimeout, small.frameTimeout, small.drainTimeout) = (.zero, .zero, .zero, .zero)
        try small.validate()

        var large = Configuration()
        large.format = format
        large.maximumFrameLength = FrameFormat.largestFrameLength
        large.outboundLimit = .max
        large.spanningBudget = .max
        large.receiveRingSize = 1 << 40
        large.pooledBufferCount = 32_768
        large.pooledBufferSize = 16 << 20
        large.coalescing.thresholdBytes = .max
        large.maximumConnections = 1_000_000
        large.socketFileMode = 0o777
        large.connectTimeout = .seconds(Int64.max)
        try large.validate()
        try Configuration().validate()
    }
}
