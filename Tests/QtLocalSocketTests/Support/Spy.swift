import Testing

@testable import QtLocalSocket

/// Hears all callbacks of a socket, counts them, and checks what holds for each of them.
final class Spy {
    private(set) var connected = 0
    private(set) var disconnected = 0
    private(set) var readyRead = 0
    private(set) var readChannelFinished = 0
    private(set) var aboutToClose = 0
    private(set) var states: [LocalSocket.State] = []
    private(set) var errors: [LocalSocketError.Code] = []
    private(set) var written: [Int] = []
    /// All of them in their order.
    private(set) var events: [String] = []
    /// What a test does inside `readyRead`.
    var inReadyRead: (LocalSocket) -> Void = { _ in }

    var isSilent: Bool { events.isEmpty }

    init(_ socket: LocalSocket) {
        socket.onConnected = { socket in
            #expect(socket.state == .connected)
            self.connected += 1
            self.events.append("connected")
        }
        socket.onDisconnected = { socket in
            #expect(socket.state == .unconnected)
            self.disconnected += 1
            self.events.append("disconnected")
        }
        socket.onReadyRead = { socket in
            #expect(socket.bytesAvailable > 0)
            self.readyRead += 1
            self.events.append("readyRead")
            self.inReadyRead(socket)
        }
        socket.onReadChannelFinished = { socket in
            #expect(socket.state == .unconnected)
            self.readChannelFinished += 1
            self.events.append("readChannelFinished")
        }
        socket.onAboutToClose = { socket in
            #expect(socket.isOpen)
            self.aboutToClose += 1
            self.events.append("aboutToClose")
        }
        socket.onStateChange = { socket, state in
            #expect(socket.state == state)
            self.states.append(state)
            self.events.append("\(state)")
        }
        socket.onError = { socket, error in
            #expect(socket.error == error.code)
            #expect(socket.errorString == error.text)
            self.errors.append(error.code)
            self.events.append("error \(error.code)")
        }
        socket.onBytesWritten = { _, count in
            #expect(count > 0)
            self.written.append(count)
            self.events.append("bytesWritten")
        }
    }
}

/// What `body` throws, or `nil`.
func failure(_ body: () throws(LocalSocketError) -> Void) -> LocalSocketError? {
    do throws(LocalSocketError) { try body() } catch { return error }
    return nil
}

func failure(listening body: () throws(LocalServerError) -> Void) -> LocalServerError? {
    do throws(LocalServerError) { try body() } catch { return error }
    return nil
}
