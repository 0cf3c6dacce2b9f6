/// Whether what both sides wrote down about each connection fits together, and fits who was killed.
struct LedgerAudit {
    /// Client processes that were killed, by number.
    let killedClients: Set<UInt64>
    let serverKills: Int

    struct Totals: Equatable {
        /// Connections on which both sides agree, frame for frame, that all was sent, received, answered and ended in order.
        var settled = 0
        var framesSettled: UInt64 = 0
        /// Connections that a kill of their client has cut off; frames that had arrived by then.
        var cutByClient = 0
        /// Connections that a kill of the server has cut off; echoes that had arrived by then.
        var cutByServer = 0
        var framesUpToDeath: UInt64 = 0
    }

    private(set) var totals = Totals()
    private(set) var violations: [String] = []

    /// What a survivor may see of the other side's death.
    static let deaths: Set<String> = ["peerClosedAbruptly", "truncatedFrame", "connectionReset"]

    init(_ lines: [LedgerLine], killedClients: Set<UInt64>, serverKills: Int) {
        self.killedClients = killedClients
        self.serverKills = serverKills
        var pairs: [UInt64: (server: LedgerLine?, client: LedgerLine?)] = [:]
        for line in lines {
            var pair = pairs[line.identity] ?? (nil, nil)
            switch line.side {
            case .server:
                if pair.server != nil { violations.append("the server ended connection \(line.identity) twice") }
                pair.server = line
            case .client:
                if pair.client != nil { violations.append("the client ended connection \(line.identity) twice") }
                pair.client = line
            }
            pairs[line.identity] = pair
        }
        for (identity, pair) in pairs.sorted(by: { $0.key < $1.key }) {
            if let violation = check(identity, pair.server, pair.client) {
                violations.append("connection \(identity): \(violation)")
            }
        }
    }

    /// What is wrong with one connection.
    private mutating func check(_ identity: UInt64, _ server: LedgerLine?, _ client: LedgerLine?) -> String? {
        let isClientKilled = killedClients.contains(SoakIdentity.process(of: identity))
        if let client {
            guard client.echoes <= client.frames else { return "\(client.echoes) echoes of \(client.frames) frames" }
            if let server, server.frames < client.echoes || server.frames > client.frames {
                return "the server received \(server.frames) frames of \(client.frames) sent and \(client.echoes) answered"
            }
        }
        switch (server?.reason, client?.reason) {
        case (LedgerLine.finished, LedgerLine.finished):
            guard let server, let client, server.frames == client.frames, client.echoes == client.frames else {
                return "an end in order, but not every frame was answered"
            }
            totals.settled += 1
            totals.framesSettled += client.frames
        case (nil, LedgerLine.finished):
            // Killed between the goodbye and its line.
            guard serverKills > 0, client?.echoes == client?.frames else {
                return "only the client knows of its end, and no server was killed"
            }
            totals.cutByServer += 1
            totals.framesUpToDeath += client?.echoes ?? 0
        case (nil, let reason?):
            guard serverKills > 0 else { return "cut off (\(reason)), but no server was killed" }
            guard Self.deaths.contains(reason) else { return "the client ended with \(reason)" }
            totals.cutByServer += 1
            totals.framesUpToDeath += client?.echoes ?? 0
        case (let reason?, nil):
            guard isClientKilled else { return "only the server knows of its end, and its client was not killed" }
            guard reason == LedgerLine.finished || Self.deaths.contains(reason) else { return "the server ended with \(reason)" }
            totals.cutByClient += 1
            totals.framesUpToDeath += server?.frames ?? 0
        case (LedgerLine.finished, let reason?) where serverKills > 0 && Self.deaths.contains(reason):
            // Killed between its line and its goodbye; the client ended only after the last echo.
            guard client?.echoes == client?.frames else { return "the server ended in order, but not every frame was answered" }
            totals.cutByServer += 1
            totals.framesUpToDeath += client?.echoes ?? 0
        case (let server?, let client?):
            return "the server says \(server), the client says \(client)"
        case (nil, nil): break
        }
        return nil
    }
}
