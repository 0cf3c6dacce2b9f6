internal import RingIPC

/// What both processes of a scenario must agree on. It crosses to the peer as its arguments.
struct ScenarioOptions: Equatable {
    var framing: Framing = .native
    var backend = MeasuredBackend.automatic
    var wait: WaitChoice = .adaptive
    var size = 64
    var count = 100_000
    /// Messages that go before, uncounted: caches, branch predictors and clock frequency settle.
    var warmup = 1000
    var payload = PayloadChoice.ordinary
    /// Have the kernel count system calls. Not for timing.
    var countsSystemCalls = false
    /// `nil` stands for the library's default, or for ``size`` where that is more.
    var maximumFrameLength: Int? = nil
    /// In seconds; `nil` stands for the library's default.
    var helloTimeout: Double? = nil
    var frameTimeout: Double? = nil

    var configuration: Configuration {
        var configuration = Configuration()
        configuration.format = framing.format
        backend.choose(in: &configuration)
        if payload == .ring { configuration.sharedMemory?.loanBudget = 0 }
        if payload == .loan { configuration.sharedMemory?.loanThreshold = size }
        configuration.wait = wait.strategy
        configuration.maximumFrameLength = maximumFrameLength ?? max(configuration.maximumFrameLength, size)
        if let helloTimeout { configuration.helloTimeout = .seconds(helloTimeout) }
        if let frameTimeout { configuration.frameTimeout = .seconds(frameTimeout) }
        let longest = framing.format.encodedLength(ofPayload: configuration.maximumFrameLength)
        configuration.outboundLimit = max(configuration.outboundLimit, 2 * longest)
        configuration.spanningBudget = max(configuration.spanningBudget, 2 * longest)
        return configuration
    }
}

enum Framing: String, CaseIterable {
    case native, u32le, u32be, u32host, qbytearray

    var format: FrameFormat {
        switch self {
        case .native: .native
        case .u32le: .lengthPrefixed(.little)
        case .u32be: .lengthPrefixed(.big)
        case .u32host: .lengthPrefixed(.host)
        case .qbytearray: .qByteArray
        }
    }
}

/// How payloads are handed over.
enum PayloadChoice: String, CaseIterable {
    /// As programs usually do: a message is produced in place, an answer is a copy of it.
    case ordinary
    /// The same, and through the ring also where the library would lend.
    case ring
    /// In loans, which both sides write and read in full.
    case loan
    /// In loans of which both sides touch the first word only: what it costs to pass a description.
    case description

    /// The program asks for loans itself.
    var isLent: Bool { @inline(__always) get { self == .loan || self == .description } }
}

enum WaitChoice: String, CaseIterable {
    case block, spin, adaptive, moderated

    var strategy: WaitStrategy {
        switch self {
        case .block: .block
        case .spin: .spin
        case .adaptive: .adaptive
        case .moderated: .moderated
        }
    }
}
