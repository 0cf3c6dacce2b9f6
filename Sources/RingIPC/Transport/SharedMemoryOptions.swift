/// How a connection uses shared memory, once both sides have offered it: ``Configuration/sharedMemory``.
///
/// Frames then travel in a ring that both processes have mapped, and the socket only wakes a sleeper and tells of the peer's end. Where shared
/// memory cannot be had, the socket carries on; ``Connection/lane`` says which it is and why. For the native format, on Linux from 5.1 on.
public struct SharedMemoryOptions: Sendable, Hashable {
    /// Bytes of the ring that this side sends in: a power of two from 4 KiB to 1 GiB. Memory is taken when it is first written.
    public var ringSize = 2 << 20
    /// Bytes of the largest ring that is taken from a peer; a larger one is refused, and the socket carries on.
    public var largestPeerRing = 64 << 20
    /// Frames are copied before they are handed over, whoever the peer is. Without this, only those of another user's process are.
    ///
    /// A peer can change the bytes of its ring at any time, also after they were checked. Among processes of one user that is no new danger,
    /// since each could attach a debugger to the other.
    public var copiesAllFrames = false

    /// Bytes of memory that this side lends from, ``Connection/loan(byteCount:)``; 0 for no loans. Memory is taken when it is first written, and
    /// the peer has a bound of its own.
    public var loanBudget = 64 << 20
    /// Bytes of memory that a peer may lend from. A peer that keeps to it is told of it; one that does not is an error.
    public var largestPeerLoans = 64 << 20
    /// Payloads from this length on travel by loan also when they are sent in the ordinary way, as long as there is a loan to be had. Others go
    /// through the ring.
    public var loanThreshold = 32 << 10
    /// Leases of loaned frames that the program has at a time; see ``Outbound/lease(_:)``.
    public var maximumLeases = 16

    /// The defaults.
    public init() {}
}

/// On which way the frames of a connection travel.
public enum Lane: String, Sendable, Hashable {
    /// Through the socket.
    case socket
    /// In a ring of shared memory.
    case sharedMemory = "shared-memory"
}

/// Which lane each direction of a connection uses, and why.
public struct LaneReport: Sendable, Hashable {
    /// What this side sends.
    public let sending: Lane
    /// What the peer sends.
    public let receiving: Lane
    /// One line for a log.
    public let reason: String
}

extension LaneReport: CustomStringConvertible {
    /// One line: both directions, and the reason.
    public var description: String { "sends by \(sending.rawValue), receives by \(receiving.rawValue): \(reason)" }
}

/// How far the two sides have come with a lane of shared memory.
enum LaneState {
    case notOffered
    /// There is no shared memory here, or it cannot be passed.
    case unavailable(String)
    case offered
    case notOfferedByPeer
    /// The peer's segment cannot be used.
    case refusedHere(String)
    case refusedByPeer
    /// Both segments are mapped on this side.
    case mapped(copiesFrames: Bool)

    var isOffered: Bool {
        if case .offered = self { true } else { false }
    }

    var isRefusedHere: Bool {
        if case .refusedHere = self { true } else { false }
    }

    /// The socket may bring descriptors, and frames of the lane.
    var takesDescriptors: Bool {
        switch self {
        case .offered, .mapped: true
        case .notOffered, .unavailable, .notOfferedByPeer, .refusedHere, .refusedByPeer: false
        }
    }

    /// The peer has seen an offer, and may have answered it.
    var mayHaveFrames: Bool {
        switch self {
        case .offered, .mapped, .refusedHere, .refusedByPeer: true
        case .notOffered, .unavailable, .notOfferedByPeer: false
        }
    }

    var reason: String {
        switch self {
        case .notOffered: "shared memory is not offered by the configuration"
        case .unavailable(let reason): "shared memory cannot be offered: \(reason)"
        case .offered: "shared memory is offered; the peer has not answered yet"
        case .notOfferedByPeer: "the peer offers no shared memory"
        case .refusedHere(let reason): "the peer's shared memory is not used: \(reason)"
        case .refusedByPeer: "the peer does not use our shared memory"
        case .mapped(let copiesFrames): copiesFrames ? "shared memory, frames are copied before they are read" : "shared memory"
        }
    }
}
