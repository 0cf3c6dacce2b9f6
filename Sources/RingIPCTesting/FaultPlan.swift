public import RingIPC

/// How often which fault happens in a run, and to whom.
public struct FaultPlan: Sendable {
    /// The probability of a kind at each occasion, from 0 to 1. Kinds that are not listed do not happen.
    public var probabilities: [FaultKind: Double]
    /// Faults that end a connection befall only those to these endpoints; to all when it is `nil`. The others must come through whole.
    public var endangeredEndpoints: Set<Endpoint>?

    /// Only the faults that are listed.
    public init(_ probabilities: [FaultKind: Double] = [:], endangering endpoints: Set<Endpoint>? = nil) {
        self.probabilities = probabilities
        endangeredEndpoints = endpoints
    }

    /// Nothing goes wrong.
    public static let none = FaultPlan()

    /// A plan of a run's own: about half of the kinds do not happen at all, the others now and then or often. Runs that lack most faults
    /// get into states that a run with all of them never reaches (swarm testing: Groce et al., ISSTA 2012).
    public static func drawn(using random: inout SeededRandom, endangering endpoints: Set<Endpoint>? = nil) -> FaultPlan {
        var plan = FaultPlan(endangering: endpoints)
        for kind in FaultKind.allCases where random.chance(0.5) {
            plan.probabilities[kind] = random.pick([0.002, 0.01, 0.05, 0.2, 0.5])
        }
        return plan
    }
}
