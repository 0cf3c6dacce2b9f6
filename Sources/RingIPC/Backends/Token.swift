/// The 64 bits that cross the kernel and come back with a completion.
///
/// A descriptor is no identity: the kernel gives its number to the next socket while completions of the last one are still under
/// way. The generation tells them apart.
package struct Token: Equatable, Sendable {
    package enum Operation: UInt8, Sendable {
        case accept = 1
        case receive = 2
        case send = 3
        case wake = 4
        case cancel = 5
    }

    package let operation: Operation
    /// Cut to 24 bits; `ConnectionID` has the whole of it.
    package let generation: UInt32
    package let slot: UInt32

    static let generationMask: UInt32 = 0xFF_FFFF

    init(_ operation: Operation, slot: UInt32, generation: UInt32) {
        self.operation = operation
        self.slot = slot
        self.generation = generation & Self.generationMask
    }

    init(_ operation: Operation, _ connection: ConnectionID) {
        self.init(operation, slot: connection.slot, generation: connection.generation)
    }

    /// `nil` for bits that were never given to the kernel.
    package init?(bits: UInt64) {
        guard let operation = Operation(rawValue: UInt8(truncatingIfNeeded: bits >> 56)) else { return nil }
        self.operation = operation
        generation = UInt32(truncatingIfNeeded: bits >> 32) & Self.generationMask
        slot = UInt32(truncatingIfNeeded: bits)
    }

    package var bits: UInt64 { UInt64(operation.rawValue) << 56 | UInt64(generation) << 32 | UInt64(slot) }
}
