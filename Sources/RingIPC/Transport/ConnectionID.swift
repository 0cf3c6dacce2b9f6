/// Names one connection of one loop for as long as the loop lives. Numbers of closed connections do not come back.
public struct ConnectionID: Sendable, Hashable {
    /// The place in the loop's table. Places are used again.
    let slot: UInt32
    /// How often the place had been used before: what makes the identity unique.
    let generation: UInt32

    /// The identity of a blocking connection, which is in no table.
    static let unlisted = ConnectionID(slot: .max, generation: 0)
}
