/// What a kernel's io_uring can do beyond the floor (provided-buffer rings, 5.19). Everything here has a fallback.
package struct UringFeatures: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// One thread submits, and completions are worked off when that thread asks for them: no interrupts of the handler (6.1).
    package static let deferredTaskRun = UringFeatures(rawValue: 1 << 0)
    /// Completions are worked off when the thread enters the kernel anyway (5.19): what there was before.
    package static let cooperativeTaskRun = UringFeatures(rawValue: 1 << 1)
    /// One receive request for all data of a connection (6.0). Without it each completion is followed by a new request.
    package static let multishotReceive = UringFeatures(rawValue: 1 << 2)
    /// One accept request for all connections (5.19).
    package static let multishotAccept = UringFeatures(rawValue: 1 << 3)

    package static let all: UringFeatures = [.deferredTaskRun, .cooperativeTaskRun, .multishotReceive, .multishotAccept]
}

extension UringFeatures: CustomStringConvertible {
    package var description: String {
        let names: [(UringFeatures, String)] = [
            (.deferredTaskRun, "deferred task run"), (.cooperativeTaskRun, "cooperative task run"),
            (.multishotReceive, "multishot receive"), (.multishotAccept, "multishot accept"),
        ]
        let present = names.filter { contains($0.0) }.map(\.1)
        return present.isEmpty ? "provided buffers" : "provided buffers, " + present.joined(separator: ", ")
    }
}
