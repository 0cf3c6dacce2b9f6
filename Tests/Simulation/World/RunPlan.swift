import RingIPC
import RingIPCTesting

/// What a seed decides before anything runs: formats, sizes and limits, mostly far smaller than anybody would choose, since bugs live where
/// things are full.
struct RunPlan {
    static let safe = Endpoint.path("/run/safe")
    static let endangered = Endpoint.path("/run/endangered")

    let faults: FaultPlan
    let format: FrameFormat
    var limits = SimulatedKernel.Limits()
    let longestFrame: Int
    let serverLoops: Int
    let clientLoops: Int
    let conversations: Int
    let rawPeers: Int
    /// There may be no memory to put paused input aside: then connections may end for that.
    let isMemoryTight: Bool
    /// Steps during which faults happen.
    let stormSteps: Int

    init(using random: inout SeededRandom) {
        faults = .drawn(using: &random, endangering: [Self.endangered])
        format = random.pick([
            .native, .native, .lengthPrefixed(.little), .lengthPrefixed(.big), .qByteArray, .lengthPrefixed(.big, width: .two),
            .lengthPrefixed(.little, width: .eight), .bytes,
        ])
        limits.socketCapacity = random.pick([16, 200, 1_000, 8_192, 60_000])
        limits.submissionEntries = random.pick([2, 8, 1_024])
        limits.completionEntries = random.pick([2, 16, 8_192])
        longestFrame = random.pick([64, 500, 3_000, 20_000])
        serverLoops = random.number(1...2)
        clientLoops = random.number(1...2)
        conversations = random.number(1...8)
        rawPeers = random.number(0...4)
        isMemoryTight = random.chance(0.2)
        stormSteps = random.pick([50, 300, 1_500])
    }

    /// A configuration for one loop.
    func configuration(using random: inout SeededRandom) -> Configuration {
        var configuration = Configuration()
        configuration.format = format
        configuration.backend = random.pick([.epoll, .ioUring])
        configuration.uringFeatures = random.pick([
            .all, .all, UringFeatures.all.subtracting(.multishotReceive), UringFeatures.all.subtracting(.multishotAccept), [],
        ])
        configuration.listenBacklog = random.pick([0, 1, 16])
        configuration.maximumFrameLength = longestFrame
        // A message of bytes without frames has a length that handlers give it.
        let encoded = format.encodedLength(ofPayload: longestFrame) + (format == .bytes ? MessageCutter.lengthWidth : 0)
        configuration.outboundLimit = encoded * random.pick([1, 2, 4, 16])
        configuration.coalescing = CoalescingPolicy(thresholdBytes: random.pick([1, 200, 4_096, 73_088]))
        configuration.pooledBufferCount = random.pick([2, 4, 8, 16])
        configuration.pooledBufferSize = random.pick([1_024, 1_024, 2_048])
        configuration.maximumConnections = 64
        let everybody = conversations + rawPeers
        let ample = everybody * (encoded + configuration.pooledBufferCount * configuration.pooledBufferSize + 3 * 4_096)
        configuration.spanningBudget = encoded + 2 * 4_096 + (isMemoryTight ? random.pick([0, 8_192]) : ample)
        // Drawn aside: in the other runs a seed means what it meant before there was this.
        var aside = random
        if aside.chance(0.1) { configuration.wait = .moderated(interval: .microseconds(aside.pick([10, 1_000]))) }
        // Nobody is slow on purpose unless a test says so: the run's own time is short.
        for timeout in [\Configuration.connectTimeout, \.helloTimeout, \.frameTimeout, \.drainTimeout] {
            configuration[keyPath: timeout] = .seconds(3_600)
        }
        return configuration
    }
}
