import Testing

@testable import RingIPC

/// The ways in which a loop can run: each backend, and io_uring as older kernels have it.
enum LoopSetup: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case epoll
    case uring = "io_uring"
    case uringInterrupting = "io_uring without deferred task run"
    case uringSingleReceive = "io_uring without multishot receive"
    case uringSingleAccept = "io_uring without multishot accept"
    case uringBare = "io_uring with none of its features"

    var testDescription: String { rawValue }

    /// Those that this machine can run. `SetupTests` shows what is missing.
    static let usable = Machine.hasUring ? allCases : [.epoll]
    /// One per backend, for what does not depend on features.
    static let backends = usable.filter { $0 == .epoll || $0 == .uring }

    var backend: BackendChoice { self == .epoll ? .epoll : .ioUring }

    private var uringFeatures: UringFeatures {
        switch self {
        case .epoll, .uring: .all
        case .uringInterrupting: UringFeatures.all.subtracting([.deferredTaskRun, .cooperativeTaskRun])
        case .uringSingleReceive: UringFeatures.all.subtracting(.multishotReceive)
        case .uringSingleAccept: UringFeatures.all.subtracting(.multishotAccept)
        case .uringBare: []
        }
    }

    func configuration(_ change: (inout Configuration) -> Void = { _ in }) -> Configuration {
        .with {
            $0.backend = backend
            $0.uringFeatures = uringFeatures
            // Tests share few CPUs: a spin would take them from each other. Tests of waiting say otherwise.
            $0.wait = .block
            change(&$0)
        }
    }
}

/// What this machine can do.
enum Machine {
    static let uringReport = Backends.survey().first { $0.backend == .ioUring }
    static var hasUring: Bool { uringReport?.isAvailable == true }

    /// How a blocking connection can wait here.
    static let blockingChoices: [BackendChoice] = hasUring ? [.automatic, .epoll, .ioUring] : [.automatic, .epoll]
}

extension WaitStrategy {
    static let all: [WaitStrategy] = [.block, .spin, .adaptive, .moderated]
}

/// Shows which part of the contract is not tested on a machine, instead of leaving it out silently.
@Suite struct SetupTests {
    @Test(.enabled(if: Machine.hasUring, "io_uring does not work here: \(Machine.uringReport?.reason ?? "unknown")"))
    func `every setup of io_uring is part of this run`() {
        #expect(LoopSetup.usable == LoopSetup.allCases)
        #expect(Machine.blockingChoices.contains(.ioUring))
    }

    @Test func `epoll is part of every run`() { #expect(LoopSetup.usable.contains(.epoll)) }
}
