import QtLocalSocket

/// The server, and all sockets of the program.
final class Host {
    private let loop: LocalEventLoop
    private let server: LocalServer
    private var ends: [End] = []
    private var newConnections = 0

    init(on loop: LocalEventLoop) {
        self.loop = loop
        server = LocalServer(on: loop)
        server.onNewConnection = { [unowned self] _ in newConnections += 1 }
    }

    func answer(_ who: String, _ method: String, _ words: [Word]) -> String {
        if who != "server" { return ends[Int(who)!].answer(method, words) }
        switch method {
        case "listen": return "\(listen(on: words[0].text, options: words[1].number))"
        case "close": server.close()
        case "setMaxPendingConnections": server.maxPendingConnections = words[0].number
        case "removeServer":
            return "\(LocalServer.removeServer(words[0].text, compatibility: .removeServerRemovesLiveServers))"
        case "waitForNewConnection": return "\(server.waitForNewConnection(within: .milliseconds(words[0].number)))"
        case "hasPendingConnections": return "\(server.hasPendingConnections)"
        case "nextPendingConnection": return "\(add(server.nextPendingConnection()))"
        case "newSocket": return "\(add(LocalSocket(on: loop)))"
        case "newConnections": return "\(newConnections)"
        case "serverName": return spelled(server.serverName)
        case "fullServerName": return spelled(server.fullServerName)
        case "serverError": return "\(server.error.rawValue)"
        default: fatalError("the server has no \(method)")
        }
        return "true"
    }

    private func listen(on name: String, options: Int) -> Bool {
        server.options = LocalServer.Options(rawValue: options)
        return (try? server.listen(on: name)) != nil
    }

    private func add(_ socket: LocalSocket?) -> Int {
        guard let socket else { return -1 }
        ends.append(End(socket))
        return ends.count - 1
    }
}
