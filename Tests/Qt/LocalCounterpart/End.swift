import QtLocalSocket

private let patience = Duration.seconds(30)

/// A socket, and what it has told.
final class End {
    private let socket: LocalSocket
    private var told: [String] = []
    private var isCollecting = false
    private var isWaitingInReadyRead = false
    private var collected: [UInt8] = []

    init(_ socket: LocalSocket) {
        self.socket = socket
        socket.onStateChange = { [unowned self] _, state in told.append("state\(state.rawValue)") }
        socket.onError = { [unowned self] _, error in told.append("error\(error.code.rawValue)") }
        socket.onConnected = { [unowned self] _ in told.append("connected") }
        socket.onDisconnected = { [unowned self] _ in told.append("disconnected") }
        socket.onBytesWritten = { [unowned self] _, _ in told.append("bytesWritten") }
        socket.onReadChannelFinished = { [unowned self] _ in told.append("readChannelFinished") }
        socket.onAboutToClose = { [unowned self] socket in told.append("aboutToClose\(socket.bytesAvailable)") }
        socket.onReadyRead = { [unowned self] _ in readyRead() }
    }

    func answer(_ method: String, _ words: [Word]) -> String {
        switch method {
        case "connectToServer": return "\(connect(to: words[0].text, options: words[1].number, mode: words[2].number))"
        case "disconnectFromServer": socket.disconnect()
        case "close": socket.close()
        case "abort": socket.abort()
        case "setReadBufferSize": socket.readBufferSize = words[0].number
        case "write": return "\((try? socket.write(words[0].bytes)) != nil ? words[0].bytes.count : -1)"
        case "flush": return "\(socket.flush())"
        case "read": return spelled(socket.read(words[0].number))
        case "readLine": return spelled(socket.readLine(words[0].number))
        case "skip": return "\(socket.skip(words[0].number) ?? -1)"
        case "waitForConnected": return "\(socket.waitForConnected(within: patience))"
        case "waitForReadyRead": return "\(socket.waitForReadyRead(within: patience))"
        case "waitForBytesWritten": return "\(socket.waitForBytesWritten(within: patience))"
        case "waitForDisconnected": return "\(socket.waitForDisconnected(within: patience))"
        case "runUntilTold": return "\(runUntil { told.contains(words[0].text) })"
        case "runUntilSent": return "\(runUntil { socket.bytesToWrite == 0 })"
        case "collect": isCollecting = true
        case "collected": return spelled(collected)
        case "waitInReadyRead": isWaitingInReadyRead = true
        default: return value(method)
        }
        return "true"
    }

    private func value(_ name: String) -> String {
        switch name {
        case "bytesAvailable": "\(socket.bytesAvailable)"
        case "bytesToWrite": "\(socket.bytesToWrite)"
        case "canReadLine": "\(socket.canReadLine)"
        case "isOpen": "\(socket.isOpen)"
        case "isValid": "\(socket.isValid)"
        case "state": "\(socket.state.rawValue)"
        case "error": "\(socket.error.rawValue)"
        case "errorString": spelled(socket.errorString)
        case "serverName": spelled(socket.serverName)
        case "fullServerName": spelled(socket.fullServerName)
        case "told": told.joined(separator: " ")
        default: fatalError("a socket has no \(name)")
        }
    }

    private func connect(to name: String, options: Int, mode: Int) -> Bool {
        socket.options = LocalSocket.Options(rawValue: options)
        return (try? socket.connect(to: name, mode: OpenMode(rawValue: mode))) != nil
    }

    private func runUntil(_ isDone: () -> Bool) -> Bool {
        let limit = ContinuousClock.now + patience
        while !isDone(), ContinuousClock.now < limit {
            guard (try? socket.loop.processEvents(within: patience)) != nil else { return false }
        }
        return isDone()
    }

    private func readyRead() {
        told.append("readyRead")
        if isCollecting { collected += socket.readAll() }
        guard isWaitingInReadyRead else { return }
        collected += socket.read(1) ?? []
        told.append("waited:\(socket.waitForReadyRead(within: patience))")
    }
}
